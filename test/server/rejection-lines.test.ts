import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMac, type WithMacOptions } from '../../src/index.ts'
import { ConsoleLines, shownRequest } from '../../src/server/console-lines.ts'
import { temporaryFolder } from '../support/folder.ts'
import { describe, expect, spyOn, test } from '../support/runner.ts'
import { type Signing, signed } from '../support/sign.ts'

const URL = 'http://example.com/orders/7?token=secret'
const mac = createMac({ database: 'sqlite::memory:' })
const ada = await mac.createCredential('ada')

/** @returns What a server prints for one request while NODE_ENV is `environment`. */
async function printedFor(
  environment: string | undefined,
  signing: Signing | null,
  options: WithMacOptions = {},
  makers: { readonly withMac: typeof mac.withMac } = mac,
) {
  const before = process.env.NODE_ENV
  const printed = spyOn(console, 'error').mockImplementation(() => {})
  try {
    if (environment === undefined) delete process.env.NODE_ENV
    else Object.assign(process.env, { NODE_ENV: environment })
    const app = makers.withMac(() => new Response(), options)
    const answer = await app(signing === null ? new Request(URL) : signed(ada, URL, signing))
    const reference = answer.status === 200 ? null : (await answer.json()).reference
    return { lines: printed.mock.calls.map((values) => values.join(' ')), reference }
  } finally {
    printed.mockRestore()
    if (before === undefined) delete process.env.NODE_ENV
    else Object.assign(process.env, { NODE_ENV: before })
  }
}

const WRONG = { mac: 'AAAA' }

describe('a server in development', () => {
  test.each([[undefined], ['development'], ['staging'], ['']])(
    'prints one line for a rejected request, with code, reference and path, if NODE_ENV is %j',
    async (environment) => {
      const { lines, reference } = await printedFor(environment, WRONG)
      expect(reference).toMatch(/^[0-9a-f]{12}$/)
      expect(lines).toEqual([`withmac: rejected GET /orders/7: ERR_MAC_MISMATCH (${reference})`])
    },
  )

  test('prints a line for an unsigned request as well', async () => {
    const { lines, reference } = await printedFor('development', null)
    expect(lines).toEqual([`withmac: rejected GET /orders/7: ERR_MAC_MISSING (${reference})`])
  })

  test('prints nothing for an accepted request, nor for an anonymous one if that is allowed', async () => {
    expect((await printedFor('development', {})).lines).toEqual([])
    expect((await printedFor('development', null, { mode: 'optional' })).lines).toEqual([])
  })

  test('prints a line for credentials that failed if they are optional', async () => {
    const { lines } = await printedFor('development', WRONG, { mode: 'optional' })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(
      /^withmac: rejected GET \/orders\/7: ERR_MAC_MISMATCH \([0-9a-f]{12}\)$/,
    )
  })

  test('prints nothing if the handler or the Mac has an onReject', async () => {
    const onReject = () => {}
    expect((await printedFor('development', WRONG, { onReject })).lines).toEqual([])
    const hooked = createMac({ database: 'sqlite::memory:', onReject })
    expect((await printedFor('development', WRONG, {}, hooked)).lines).toEqual([])
  })

  test('prints a failure of the store once', async () => {
    const broken = createMac({ database: 'sqlite:/dev/null/mac.db' })
    const { lines } = await printedFor('development', {}, {}, broken)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^withmac: ERR_MAC_STORE \(/)
  })
})

test.each([['production'], ['Production'], [' production '], ['test']])(
  'a server prints nothing for rejected requests if NODE_ENV is %j',
  async (environment) => {
    expect((await printedFor(environment, WRONG)).lines).toEqual([])
    expect((await printedFor(environment, null)).lines).toEqual([])
  },
)

const onDeno = process.versions.deno === undefined ? [] : ['Deno']

test.each(onDeno)(
  'a server on %s prints lines only if it may read NODE_ENV, and does not prompt',
  () => {
    using folder = temporaryFolder()
    const script = folder.path('script.ts')
    const index = join(import.meta.dirname, '../../src/index.ts')
    writeFileSync(
      script,
      `import { createMac } from ${JSON.stringify(index)}
     const mac = createMac({ database: 'sqlite::memory:' })
     const answer = await mac.withMac(() => new Response())(new Request('http://example.com/a'))
     console.log(answer.status)`,
    )
    const run = (...more: string[]) => {
      const variables = ['MAC_DATABASE_URL', 'MAC_SEALING_KEY', ...more].join(',')
      const permissions = ['--allow-read', `--allow-env=${variables}`]
      const args = ['run', '--quiet', '--node-modules-dir=manual', ...permissions, script]
      const env = { ...process.env, NODE_ENV: 'development' }
      return spawnSync(process.execPath, args, { env, encoding: 'utf8', input: '' })
    }
    const may = run('NODE_ENV')
    expect(may.stdout).toBe('401\n')
    expect(may.stderr).toMatch(/^withmac: rejected GET \/a: ERR_MAC_MISSING \([0-9a-f]{12}\)\n$/)
    const mayNot = run()
    expect([mayNot.stdout, mayNot.stderr]).toEqual(['401\n', ''])
  },
)

describe('the line for a request', () => {
  const shown = (url: string, method = 'GET') => shownRequest({ url, method } as Request)

  test.each([
    ['http://example.com/a?b=secret#c', 'GET /a'],
    ['http://example.com', 'GET /'],
    ['http://example.com?b=secret', 'GET /'],
    ['http://user:secret@example.com/a', 'GET /a'],
    ['/a//b?c', 'GET /a//b'],
    ['//secret@host/a', 'GET /a'],
    ['', 'GET /'],
    ['http://example.com/%0A%E2%80%AE', 'GET /%0A%E2%80%AE'],
  ])('shows only the path of %j', (url, line) => {
    expect(shown(url)).toBe(line)
  })

  test('escapes characters that could control a terminal or begin another line', () => {
    const unsafe = '\n\r\u001b[2J\u009b\u202e\u2066\u061c\u2028\ufeff\ud800 …'
    const line = shown(`http://example.com/${unsafe}`, `GET${unsafe}`)
    expect(line).toMatch(/^[\x21-\x7e]+ [\x21-\x7e]+$/)
    expect(line).toContain('\\u000a\\u000d\\u001b[2J\\u009b\\u202e')
  })

  test('is truncated', () => {
    const line = shown(`http://example.com/${'a\n'.repeat(100_000)}`, 'M'.repeat(100_000))
    expect(line.length).toBeLessThan(1500)
    expect(line).toMatch(/^M{20}… \/a\\u000a.*…$/)
  })
})

describe('ConsoleLines in a flood of rejected requests', () => {
  function console() {
    const printed: string[] = []
    const clock = { ms: 1000 }
    const lines = new ConsoleLines(
      () => clock.ms,
      (line) => printed.push(line),
    )
    return { printed, clock, print: (line: string) => lines.print(() => line) }
  }

  test('prints at most 20 lines in a second, and then how many more there were', () => {
    const { printed, clock, print } = console()
    for (let sent = 0; sent < 1000; sent++) print(`line ${sent}`)
    expect(printed).toEqual(Array.from({ length: 20 }, (_, at) => `line ${at}`))
    clock.ms += 999
    print('too early')
    expect(printed).toHaveLength(20)
    clock.ms += 1
    print('a second later')
    expect(printed.slice(20)).toEqual(['withmac: … and 981 more', 'a second later'])
  })

  test('prints at most 21 lines per second for hours', () => {
    const { printed, clock, print } = console()
    for (let tick = 0; tick < 36_000; tick++) {
      clock.ms += 100
      for (let sent = 0; sent < 5; sent++) print('line')
    }
    expect(printed.length).toBeLessThanOrEqual(3600 * 21)
    expect(printed.length).toBeGreaterThanOrEqual(3599 * 20)
  })

  test('does not build the lines that it leaves out', () => {
    let made = 0
    const lines = new ConsoleLines(
      () => 0,
      () => {},
    )
    for (let sent = 0; sent < 100; sent++) lines.print(() => `line ${made++}`)
    expect(made).toBe(20)
  })

  test('prints all lines and no count if there are at most 20 in a second', () => {
    const { printed, clock, print } = console()
    for (let second = 0; second < 3; second++) {
      for (let sent = 0; sent < 20; sent++) print('line')
      clock.ms += 1000
    }
    expect(printed).toEqual(new Array(60).fill('line'))
  })
})
