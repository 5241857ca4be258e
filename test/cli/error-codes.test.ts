import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { environment, WITHMAC, withmac } from './run.ts'
import { AS_ADA, serve } from './served.ts'

const URL = 'http://localhost:3000/'

test.each<[string, number, string[]]>([
  ['ERR_CLI_USAGE', 2, []],
  ['ERR_CLI_USAGE', 2, ['lits']],
  ['ERR_CLI_USAGE', 2, ['help', 'lits']],
  ['ERR_CLI_USAGE', 2, ['show']],
  ['ERR_CLI_USAGE', 2, ['show', 'a', 'b']],
  ['ERR_CLI_USAGE', 2, ['list', '--usr', 'ada']],
  ['ERR_CLI_USAGE', 2, ['list', '--user']],
  ['ERR_CLI_USAGE', 2, ['list', '--status', 'dead']],
  ['ERR_CLI_USAGE', 2, ['extend', 'a']],
  ['ERR_CLI_USAGE', 2, ['update', 'a', '--scope', 'x', '--no-scopes']],
  ['ERR_CLI_USAGE', 2, ['history', '--limit', '0']],
  ['ERR_CLI_USAGE', 2, ['create', '']],
  ['ERR_CLI_USAGE', 2, ['create', 'ada', '--expires', 'soon']],
  ['ERR_CLI_USAGE', 2, ['sign', 'GET', 'nowhere']],
  ['ERR_CLI_USAGE', 2, ['sign', 'GET', URL]],
  ['ERR_CLI_USAGE', 2, ['revoke', 'a']],
  ['ERR_CLI_USAGE', 2, ['delete', 'a']],
  ['ERR_CLI_USAGE', 2, ['explain', '--origin', 'nowhere']],
  ['ERR_CLI_FILE', 2, ['sign', 'GET', URL, '--credentials', 'missing.json']],
  ['ERR_CLI_FILE', 2, ['sign', 'GET', URL, '--credentials', 'text.json']],
  ['ERR_CLI_FILE', 2, ['sign', 'POST', URL, '-d', '@missing', '--body']],
  ['ERR_CLI_FILE', 2, ['explain', 'missing.txt']],
  ['ERR_CLI_FILE', 2, ['create', 'ada', '--save', 'text.json']],
  ['ERR_CLI_NO_DATABASE', 3, ['list', '--database', 'missing.db']],
  ['ERR_MAC_STORE', 3, ['list', '--database', 'text.json']],
  ['ERR_MAC_CREDENTIAL_UNKNOWN', 1, ['show', 'b']],
  ['ERR_MAC_CREDENTIAL_UNKNOWN', 1, ['history', 'b']],
  ['ERR_MAC_CREDENTIAL_EXISTS', 1, ['create', 'ada', '--id', 'a']],
  ['ERR_MAC_CREDENTIAL_ENDED', 1, ['enable', 'revoked']],
  ['ERR_MAC_CREDENTIAL_ROTATED', 1, ['rotate', 'rotated']],
  ['ERR_CLI_NETWORK', 4, ['fetch', 'http://127.0.0.1:<closed>/', '--id', 'a']],
  ['ERR_CLI_NETWORK', 4, ['doctor', 'http://127.0.0.1:<closed>/', '--id', 'a']],
])(
  'with --json, an error is one JSON value with the code %s, and the exit status is %i: %j',
  async (code, status, args) => {
    using folder = temporaryFolder()
    const cwd = folder.path('')
    const needs = args.some((word) => ['a', 'b', 'revoked', 'rotated'].includes(word))
    if (needs) {
      for (const id of ['a', 'revoked', 'rotated'])
        await withmac(['create', 'ada', '--id', id], { cwd })
      await withmac(['revoke', 'revoked', '--yes'], { cwd })
      await withmac(['rotate', 'rotated'], { cwd })
    }
    writeFileSync(folder.path('text.json'), 'text '.repeat(2000))
    const port = args.some((word) => word.includes('<closed>')) ? await closedPort() : 0
    const words = args.map((word) => word.replace('<closed>', String(port)))
    const { out, err, status: ended } = await withmac([...words, '--json'], { cwd })
    expect({ out, ended }).toEqual({ out: '', ended: status })
    expect(err.trim().split('\n')).toHaveLength(1)
    expect(Object.keys(JSON.parse(err))).toEqual(['error'])
    expect(JSON.parse(err).error).toMatchObject({ code, message: expect.any(String) })
  },
)

test('with --json, an output that cannot be written is reported with a code', () => {
  using folder = temporaryFolder()
  const line = `${WITHMAC.map((word) => `'${word}'`).join(' ')} init --json > /dev/full`
  const options = { cwd: folder.path(''), env: environment(), encoding: 'utf8' } as const
  const { stderr, status } = spawnSync('sh', ['-c', line], options)
  expect(JSON.parse(stderr).error.code).toBe('ERR_CLI_OUTPUT')
  expect(status).toBe(5)
})

test('fetch --json prints a 403 response as its result, without an error, and ends with 1', async () => {
  using folder = temporaryFolder()
  await using server = await serve(() => new Response('no', { status: 403 }))
  const running = { cwd: folder.path(''), env: AS_ADA }
  const { out, err, status } = await withmac(['fetch', server.url, '--json'], running)
  expect(JSON.parse(out)).toMatchObject({ status: 403, body: 'no' })
  expect({ err, status }).toEqual({ err: '', status: 1 })
})

/** A port of this machine on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = await serve(() => new Response())
  await server[Symbol.asyncDispose]()
  return server.port
}
