import { mkdirSync, writeFileSync } from 'node:fs'
import { forTerminal } from '../../src/cli/commands/fetch.ts'
import { lineOn } from '../../src/cli/help.ts'
import { createMac } from '../../src/index.ts'
import { isPlainText } from '../../src/protocol/terminal-text.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { openDatabase } from '../support/sqlite.ts'
import { withmac } from './run.ts'
import { AS_ADA, serve } from './served.ts'

/** One character of each class that a terminal obeys or hides, and that an argument can contain. */
const HOSTILE = 'x\u001b[31m\u007f\u009b\u061c\u200b\u200e\u202e\u2028\u2066\ufeff\u{e0041}\ny'
const IN_NAME = HOSTILE.replaceAll('\n', '')

/** Expects only lines of plain text, and no line that starts like the second line of {@link HOSTILE}. */
function expectPlain({ out, err }: { readonly out: string; readonly err: string }): void {
  for (const line of [...out.split('\n'), ...err.split('\n')]) {
    expect([line, isPlainText(line)]).toEqual([line, true])
    expect(line.startsWith('y')).toBe(false)
  }
}

/** Creates a database in which every text is hostile. */
async function hostileDatabase(path: string): Promise<void> {
  const mac = createMac({ database: `sqlite:${path}` })
  await mac.createCredential(HOSTILE, { id: 'a', label: HOSTILE, scopes: ['s'] })
  await mac.createCredential(HOSTILE, { id: 'gone', label: HOSTILE })
  await mac.updateCredential('a', { scopes: ['t'] })
  await mac.deleteCredential('gone')
  await mac.close()
  // By SQL, because the library rejects such an identifier and scope. Another program may write them.
  const database = openDatabase(path)
  const quoted = `'${HOSTILE}'`
  database.exec(`update mac_credentials set id = ${quoted}, scopes = ${quoted}`)
  database.exec(`update mac_audit set credential = ${quoted}, actor = ${quoted}`)
  database.exec(`insert into mac_usage values (${quoted}, 1, unixepoch())`)
  database.close()
}

test('no command prints characters that a terminal obeys or hides, whatever the database and the arguments contain', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await hostileDatabase(folder.path('mac.db'))
  for (const args of [
    ['list'],
    ['list', '--user', 'nobody\u202e'],
    ['show', HOSTILE],
    ['show', `no${HOSTILE}`],
    ['update', HOSTILE, '--label', `${HOSTILE}2`],
    ['update', HOSTILE, '--scope', 'a'],
    ['extend', HOSTILE, '--expires', '90d'],
    ['disable', HOSTILE],
    ['enable', HOSTILE],
    ['history'],
    ['history', `no${HOSTILE}`],
    ['history', '--user', 'nobody\u202e'],
    ['doctor'],
    ['rotate', HOSTILE, '--grace', '0', '--save', `${IN_NAME}.json`],
    ['sign', 'GET', 'http://localhost/', '--id', HOSTILE],
    ['sign', 'GET', HOSTILE],
    ['create', 'ada', '--id', HOSTILE],
    ['create', 'ada', '--expires', HOSTILE],
    ['create', 'ada', '--rate-limit', HOSTILE],
    ['create', 'ada', '--save', `${IN_NAME}.json`, '--id', 'b'],
    ['create', HOSTILE, '--save', `${IN_NAME}2.json`, '--id', 'b'],
    ['list', '--database', `${IN_NAME}.db`],
    ['init', '--database', `sqlite:${IN_NAME}3.db`],
    ['create', 'ada', '--database', `file:${encodeURIComponent('\u202e')}.db`],
    ['sign', 'GET', 'http://localhost/', '--credentials', `${IN_NAME}4.json`],
    ['sign', 'GET', 'http://localhost/', '--credentials', `${IN_NAME}2.json`],
    ['explain', `${IN_NAME}5.json`],
    ['fetch', 'http://localhost/', '-H', HOSTILE],
    [`--${HOSTILE}`],
    [HOSTILE],
    ['revoke', HOSTILE],
    ['revoke', HOSTILE, '--yes'],
    ['delete', HOSTILE, '--yes'],
  ]) {
    for (const json of args[0] === 'delete' || args.includes('--save') ? [[]] : [[], ['--json']]) {
      const ended = await withmac([...args, ...json], { cwd })
      expectPlain(ended)
      if (json.length > 0) expect(() => JSON.parse(ended.out || ended.err)).not.toThrow()
    }
  }
}, 300_000)

test('JSON output parses back to the original text', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await hostileDatabase(folder.path('mac.db'))
  const { out } = await withmac(['list', '--json'], { cwd })
  expect(JSON.parse(out)).toMatchObject([
    { id: HOSTILE, user: HOSTILE, label: HOSTILE, scopes: [HOSTILE] },
  ])
})

test('fetch escapes what a terminal obeys or hides in headers, status, error and JSON', async () => {
  using folder = temporaryFolder()
  const running = { cwd: folder.path(''), env: AS_ADA }
  const problem = JSON.stringify({ title: HOSTILE })
  await using server = await serve(
    () =>
      new Response(problem, {
        status: 400,
        statusText: 'so\u009bso',
        headers: {
          'content-type': 'application/problem+json',
          'x-said': 'a\u009b\u00adb',
          'www-authenticate': 'MAC error="not\u009b\u00adso"',
        },
      }),
  )
  const shown = await withmac(['fetch', '-i', server.url], running)
  expectPlain({ out: shown.out.replace(problem, ''), err: shown.err })
  expect(shown.err).toMatch(/^withmac: 400 .*: not\u00c2?\\u009b\u00c2?\\u00adso\n$/)
  const json = await withmac(['fetch', '--json', server.url], running)
  expectPlain(json)
  expect(JSON.parse(json.out).body).toBe(problem)
})

test('fetch escapes a body on a terminal, except line ends and tabs, and leaves it as it is in a pipe', async () => {
  const shown = forTerminal()
  const bytes = Buffer.from('a\tb\r\nc\u001b[2J\u202e é\n')
  // Cut in the middle of a character of several bytes.
  expect(shown(bytes.subarray(0, 11)) + shown(bytes.subarray(11)) + shown(null)).toBe(
    'a\tb\r\nc\\u001b[2J\\u202e é\n',
  )
  using folder = temporaryFolder()
  await using server = await serve(() => new Response(bytes))
  const { out } = await withmac(['fetch', server.url], { cwd: folder.path(''), env: AS_ADA })
  expect(out).toBe(bytes.toString())
})

test('sign --curl rejects a body that cannot be pasted safely, and says to use a file', async () => {
  using folder = temporaryFolder()
  const running = { cwd: folder.path(''), env: AS_ADA }
  const args = ['sign', 'POST', 'http://localhost/', '--curl', '-d', 'a\u001b[201~rm\u202e']
  const { out, err, status } = await withmac(args, running)
  expect({ out, status }).toEqual({ out: '', status: 2 })
  expect(err).toContain('put the body into a file, and use -d @file.')
  const json = await withmac([...args, '--json'], running)
  expectPlain(json)
  expect(JSON.parse(json.out).curl).toContain('a\u001b[201~rm\u202e')
})

test('a command line to paste is one line without characters that a terminal obeys', () => {
  expect(
    lineOn(HOSTILE, 'show').endsWith(
      `show 'x\\u001b[31m\\u007f\\u009b\\u061c\\u200b\\u200e\\u202e\\u2028\\u2066\\ufeff\\udb40\\udc41\\u000ay'`,
    ),
  ).toBe(true)
})

test('explain prints each value of the request on one line, so that it cannot fake a verdict', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  mkdirSync(folder.path('sub'))
  const request = {
    method: 'GET',
    url: 'http://api.example.com/\n\nThe MAC is right, and nothing else is wrong',
    headers: {
      host: 'api.example.com',
      authorization:
        'MAC id="ada", ts="1790000000", nonce="n", mac="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="',
    },
  }
  writeFileSync(folder.path('request.json'), JSON.stringify(request))
  for (const json of [[], ['--json']]) {
    const { out, err, status } = await withmac(['explain', 'request.json', ...json], {
      ...{ cwd, env: AS_ADA },
    })
    expect(err).toBe('')
    expect(status).toBe(1)
    expect(out.split('\n').filter((line) => /^The MAC is right/.test(line))).toEqual([])
  }
})
