import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

/** What the documentation tells its readers to run, install and permit, word for word. */

const text = ['README.md', 'docs/getting-started.md']
  .map((name) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'))
  .join('\n')
const blocks = [...text.matchAll(/```(?:js|ts|json)\n(.*?)```/gs)].map(([, code]) => code)

/** The one example that holds a text; another port is all that is changed. */
export function example(holds) {
  const found = blocks.filter((block) => block.includes(holds))
  assert.equal(found.length, 1, `the documentation has one example with ${holds}`)
  return found[0].replace(/port: \d+/, 'port: 0')
}

/** The packages of an install line, which stands behind `before`. */
export function packagesOf(before) {
  const [, packages] = /npm install ((?:[\w@./-]+ ?)+)/.exec(text.slice(text.indexOf(before))) ?? []
  assert.ok(packages, `the documentation says what to install behind "${before}"`)
  return packages.trim().split(' ')
}

/** The permissions that Deno wants. */
export function denoPermissions() {
  const [, line] = /deno run (--allow\S+(?: --allow\S+)*) server\.mjs/.exec(text) ?? []
  assert.ok(line, 'the documentation states the permissions that Deno wants')
  return line.split(' ')
}
