import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { snippets } from '../../src/admin/snippets.ts'
import { createMac, type MacAlgorithm } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { listen } from '../support/listen.ts'
import { BASH, CURL, type Need, OPENSSL, PYTHON, RUBY, testWith } from '../support/needs.ts'
import { runCommand } from '../support/process.ts'
import { expect, test } from '../support/runner.ts'
import { FORM, idOn, keyOn, visitor } from './visitor.ts'

const CLIENT = pathToFileURL(join(import.meta.dirname, '../../src/client/index.ts')).href

const RUN: readonly (readonly [
  name: string,
  file: string,
  command: string,
  needs: readonly Need[],
])[] = [
  ['curl and openssl', 'request.sh', 'bash', [BASH, CURL, OPENSSL]],
  ['TypeScript', 'request.mts', process.execPath, []],
  ['Python', 'request.py', 'python3', [PYTHON]],
  ['Ruby', 'request.rb', 'ruby', [RUBY]],
]

/** Identifiers and keys with characters that mean something in one of the languages. */
const PLAIN = ['id', 'a-key-of-22-characters'] as const
const DOLLAR = '$'
const AWKWARD = [
  `it's ${DOLLAR}HOME \`x\` #{1} ${DOLLAR}{2} %s {3} !!`,
  `a'k #{e}y ${DOLLAR}of \`22\` ${DOLLAR}{c} %s {} !x`,
] as const

for (const [name, file, command, needs] of RUN) {
  const ifThere = await testWith(...needs)
  for (const [[id, key], algorithm] of [
    [PLAIN, 'hmac-sha-256'],
    [PLAIN, 'hmac-sha-1'],
    [AWKWARD, 'hmac-sha-256'],
  ] as const) {
    ifThere(`the server accepts the ${name} snippet with ${algorithm} and ${id}`, async () => {
      expect(await run(name, file, command, { id, key, algorithm })).toContain('?page=2')
    })
  }
}

async function run(
  name: string,
  file: string,
  command: string,
  credential: { readonly id: string; readonly key: string; readonly algorithm: MacAlgorithm },
): Promise<string> {
  using folder = temporaryFolder()
  const mac = createMac({ database: 'sqlite::memory:', onReject: () => {} })
  await mac.createCredential('ada', { ...credential, allowShortKey: true })
  const server = await listen(mac.withMac(({ url }) => new Response(new URL(url).search)))
  try {
    const url = `http://localhost:${server.port}/orders?page=2&q=a%20b`
    const found = snippets({ ...credential, url }).find((each) => each.name === name)
    const code = (found?.code ?? '').replace("'withmac/client'", JSON.stringify(CLIENT))
    writeFileSync(folder.path(file), code)
    const allowed = process.versions.deno === undefined ? [] : ['run', '-A']
    const isOurs = command === process.execPath
    const { out, err } = await runCommand([command, ...(isOurs ? allowed : []), file], {
      cwd: folder.path(''),
      env: process.env,
    })
    return out + err
  } finally {
    await server.close()
    await mac.close()
  }
}

test('the page with the key has the snippets, for the origin that clients sign', async () => {
  const { post } = visitor({ signedOrigin: 'https://api.example.com:8443' })
  const page = await post('/admin/new', FORM)
  const shown = [...page.text.matchAll(/<code id="snippet-\d">([^<]*)</g)].map(([, code]) => code)
  expect(shown).toHaveLength(4)
  for (const code of shown) {
    expect(code).toContain(idOn(page))
    expect(code).toContain(keyOn(page) ?? 'missing')
    expect(code).toContain('api.example.com:8443')
  }
})

test('without such an origin, the snippets are for the origin of the page', async () => {
  const page = await visitor().post('/admin/new', FORM)
  expect(page.text).toContain('https://admin.example.com')
})
