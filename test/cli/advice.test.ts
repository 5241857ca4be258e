import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { calledAs } from '../../src/cli/help.ts'
import { PAGES } from '../docs/pages.ts'
import { expect, test } from '../support/runner.ts'

const ROOT = join(import.meta.dirname, '../..')
const TEXTS = [
  ...PAGES.map(({ name }) => name),
  ...readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join('src', name)),
]

/** Commands that download a package by its name. withmac is not published yet: it would be someone else's. */
const UNSAFE =
  /\b(?:npx|bunx|bun x|pnpx|pnpm dlx|yarn dlx)(?! --no-install\b)(?: -\S+| (?!withmac\b)\S+@\S+)* withmac\b|\b(?:npm|pnpm|yarn|bun|deno) (?:install|i|add|exec)(?: -\S+)* (?:npm:)?withmac\b|\b(?:npm|jsr):withmac\b/g

test.each([
  'npx withmac list',
  'npx --yes withmac',
  'npx -p better-sqlite3@11 -p withmac withmac',
  'bunx withmac',
  'bunx --bun withmac',
  'npm install withmac',
  'npm i -D withmac',
  'bun add withmac',
  'deno add npm:withmac',
  'deno run -A npm:withmac',
])('the pattern finds %s', (text) => {
  expect(text.match(UNSAFE)).not.toBe(null)
})

test('no page and no source file advises to download the package by its name', () => {
  const found = TEXTS.flatMap((name) =>
    (readFileSync(join(ROOT, name), 'utf8').match(UNSAFE) ?? []).map((text) => `${name}: ${text}`),
  )
  // If Deno runs it from its package cache, Deno has already downloaded it by this name.
  expect(found).toEqual(['src/cli/help.ts: npm:withmac'])
})

test('under npx and bunx, the printed commands download nothing', () => {
  const { npm_command, npm_lifecycle_event } = process.env
  const { bun, deno } = process.versions
  try {
    process.env.npm_command = 'exec'
    process.env.npm_lifecycle_event = 'npx'
    expect(calledAs()).toBe(deno === undefined ? 'npx --no-install withmac' : 'withmac')
    process.env.npm_lifecycle_event = 'bunx'
    const byBun =
      bun === undefined ? 'bunx --no-install withmac' : 'bunx --no-install --bun withmac'
    expect(calledAs()).toBe(deno === undefined ? byBun : 'withmac')
  } finally {
    restore('npm_command', npm_command)
    restore('npm_lifecycle_event', npm_lifecycle_event)
  }
})

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}
