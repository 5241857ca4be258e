import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { temporaryFolder } from './support/folder.ts'
import { runToEnd } from './support/process.ts'
import { describe, expect, test } from './support/runner.ts'

const ENTRIES = [
  'index.ts',
  'client/index.ts',
  'admin/index.ts',
  'hono.ts',
  'oauth/index.ts',
  'testing/index.ts',
]
const SCRIPT = join(import.meta.dirname, 'support/import-trapped.ts')

interface Imported {
  /** The names of the trapped functions that were called. */
  readonly touched: readonly string[]
  readonly error: string | null
}

/** Imports files in a process that traps every function with an effect outside the module. */
async function importTrapped(...files: string[]): Promise<Imported[]> {
  const args = files.map((file) => pathToFileURL(file).href)
  const { out, err } = await runToEnd(SCRIPT, { cwd: '.', env: process.env, args })
  expect(err).toBe('')
  return out.split('\n').map((line) => JSON.parse(line) as Imported)
}

describe('the import of an entry has no effect outside the module:', () => {
  test.each(ENTRIES)('%s', async (entry) => {
    const imported = await importTrapped(join(import.meta.dirname, '../src', entry))
    expect(imported).toEqual([{ touched: [], error: null }])
  })
})

test('an application can make a Mac, handlers and clients while its module is loaded, without an effect', async () => {
  using folder = temporaryFolder()
  const file = folder.path('application.mjs')
  const at = (entry: string) =>
    JSON.stringify(pathToFileURL(join(import.meta.dirname, '../src', entry)).href)
  writeFileSync(
    file,
    `import { createMac } from ${at('index.ts')}
    import { createMacFetch, createTokenFetch } from ${at('client/index.ts')}
    import { createTokenEndpoint } from ${at('oauth/index.ts')}
    const limit = { requests: 10, seconds: 60 }
    const rateLimit = { failures: limit, requests: limit }
    const mac = createMac({ database: 'sqlite:mac.db', sealingKey: null, nonces: null, rateLimit })
    export const app = mac.withMac(() => new Response(), { mode: 'optional' })
    export const token = createTokenEndpoint(mac, { authenticateClient: () => null })
    const tokenEndpoint = 'https://a.example/token'
    createMacFetch({ id: 'a', key: 'b' })
    createTokenFetch({ tokenEndpoint, clientId: 'a', clientSecret: 'b' })
    `,
  )
  expect(await importTrapped(file)).toEqual([{ touched: [], error: null }])
})

/** What a module must not do while it is loaded. Each line is the text of one module. */
const EFFECTS: Readonly<Record<string, string>> = {
  'node:crypto randomBytes': "import { randomBytes } from 'node:crypto'; randomBytes(1)",
  'node:crypto randomUUID': "import * as crypto from 'node:crypto'; crypto.randomUUID()",
  'node:fs readFileSync': "import { readFileSync } from 'node:fs'; readFileSync('/')",
  'node:fs existsSync': "import { existsSync } from 'fs'; existsSync('/')",
  'node:worker_threads Worker': "import { Worker } from 'node:worker_threads'; new Worker('')",
  'crypto.getRandomValues': 'crypto.getRandomValues(new Uint8Array(1))',
  'crypto.randomUUID': 'crypto.randomUUID()',
  'Math.random': 'Math.random()',
  setTimeout: 'setTimeout(() => {}, 0)',
  setInterval: 'setInterval(() => {}, 1000).unref()',
  fetch: "fetch('http://127.0.0.1:1/')",
  'process.on': "process.on('exit', () => {})",
  'process.env': 'const { HOME } = process.env',
}

test('(the test sees each effect, also if the module catches the error)', async () => {
  using folder = temporaryFolder()
  const files = Object.values(EFFECTS).flatMap((text, at) =>
    [text, text.replace(/^(import .*?; |)(.*)$/, '$1try { $2 } catch {}')].map((source, which) => {
      const file = folder.path(`${at}-${which}.mjs`)
      writeFileSync(file, `${source}\n`)
      return file
    }),
  )
  const imported = await importTrapped(...files)
  const touched = imported.map((each) => each.touched)
  const names = Object.keys(EFFECTS).flatMap((name) => [[name], [name]])
  expect(touched.map(({ length }) => length)).toEqual(names.map(() => 1))
  // On Deno, node:crypto calls the global crypto, and the trap sees that call.
  if (process.versions.deno === undefined) expect(touched).toEqual(names)
  expect(imported.map(({ error }) => error === null)).toEqual(files.map((_, at) => at % 2 === 1))
})
