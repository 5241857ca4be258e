import { spawnSync } from 'node:child_process'
import { temporaryFolder } from '../support/folder.ts'
import { FULL_DEVICE, TERMINAL, testWith } from '../support/needs.ts'
import { expect, test } from '../support/runner.ts'
import { environment, WITHMAC, withmac } from './run.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: a color starts with one
const COLOR = /\u001b\[/

const ifTerminal = await testWith(TERMINAL)
const ifFullDevice = await testWith(FULL_DEVICE)

test('without a terminal there are no colors, unless FORCE_COLOR is set', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'ada', '--id', 'a1'], { cwd })
  const plain = await withmac(['list'], { cwd })
  expect(plain.out).not.toMatch(COLOR)
  const forced = await withmac(['list'], { cwd, env: { FORCE_COLOR: '1' } })
  expect(forced.out).toMatch(COLOR)
  const neither = await withmac(['list'], { cwd, env: { FORCE_COLOR: '1', NO_COLOR: '1' } })
  expect(neither.out).not.toMatch(COLOR)
  const inCi = await withmac(['list'], { cwd, env: { CI: 'true' } })
  expect(inCi.out).not.toMatch(COLOR)
  const error = await withmac(['show', 'b'], { cwd, env: { FORCE_COLOR: '1' } })
  expect(error.err).toMatch(COLOR)
})

ifTerminal('on a terminal, the table of list fits into the width, and delete asks', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const label = 'the laptop that stands in the kitchen of the second floor, on the left'
  await withmac(['create', 'ada', '--id', 'a1', '--label', label], { cwd })
  const list = onTerminal(['list'], cwd)
  expect(list.out).toMatch(COLOR)
  for (const line of withoutColors(list.out).split('\n'))
    expect(line.length).toBeLessThanOrEqual(60)
  expect(list.out).toContain('the laptop')
  expect(list.out).toContain('…')
  const no = onTerminal(['delete', 'a1'], cwd, 'n\n')
  expect(no.out).toContain('Delete a1 of ada')
  expect(no.out).toContain('Nothing was deleted.')
  expect(no.status).toBe(1)
  const yes = onTerminal(['delete', 'a1'], cwd, 'y\n')
  expect(withoutColors(yes.out)).toContain('deleted a1 of ada')
  expect(yes.status).toBe(0)
})

test('on a terminal, revoke asks, except for a credential that is already revoked', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'ada', '--id', 'a1'], { cwd })
  const no = onTerminal(['revoke', 'a1'], cwd, 'n\n')
  expect(no.out).toContain('Revoke a1 of ada (valid, 24 hours left; never used')
  expect(no.out).toContain('Nothing was revoked.')
  expect(no.status).toBe(1)
  const yes = onTerminal(['revoke', 'a1'], cwd, 'y\n')
  expect(withoutColors(yes.out)).toContain('revoked a1 of ada')
  expect(yes.status).toBe(0)
  // A revoked credential stays revoked, so there is no question.
  const again = onTerminal(['revoke', 'a1'], cwd)
  expect(again.out).toContain('was already revoked')
  expect(again.status).toBe(0)
})

test('if the reader of a pipe has gone, the command ends without an error', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const line = `${WITHMAC.map((word) => `'${word}'`).join(' ')} --help | head -1`
  const { stdout, stderr } = spawnSync('sh', ['-c', line], {
    cwd,
    env: environment(),
    encoding: 'utf8',
  })
  expect(stdout).toBe('Usage: withmac [options] [command]\n')
  expect(stderr).toBe('')
})

test('with --json, errors are JSON on stderr', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const usage = await withmac(['create', '--json'], { cwd })
  expect(usage).toMatchObject({ out: '', status: 2 })
  expect(JSON.parse(usage.err)).toEqual({
    error: {
      code: 'ERR_CLI_USAGE',
      message: `missing required argument 'user'. For help: "withmac create --help".`,
    },
  })
  const store = await withmac(['list', '--json'], { cwd })
  expect(JSON.parse(store.err).error.message).toContain('there is no database')
})

test.each([
  [[], 2],
  [['--help'], 0],
  [['help', 'create'], 0],
  [['--version'], 0],
  [['lits'], 2],
  [['list', '--usr', 'ada'], 2],
  [['show'], 2],
  [['show', 'a', 'b'], 2],
])('withmac %j ends with %i', async (args, status) => {
  using folder = temporaryFolder()
  expect((await withmac(args, { cwd: folder.path('') })).status).toBe(status)
})

test('the help of every command has examples', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const { out } = await withmac(['--help'], { cwd })
  const commands = [...(out.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z]+) /gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help')
  expect(commands.length).toBeGreaterThanOrEqual(8)
  const helps = await Promise.all(commands.map((name) => withmac([name, '--help'], { cwd })))
  for (const [at, name] of commands.entries()) {
    expect(helps[at]?.out).toMatch(new RegExp(`^  \\$ (?:\\S+ )?withmac ${name}\\b`, 'm'))
    expect(helps[at]?.out).toContain('--json')
  }
})

/** Runs withmac on a terminal of 60 columns, which `script` simulates. */
function onTerminal(args: readonly string[], cwd: string, input = '') {
  const words = [...WITHMAC, ...args].map((word) => `'${word}'`).join(' ')
  const command = `stty cols 60; ${words}`
  const { stdout, status } = spawnSync('script', ['-qec', command, '/dev/null'], {
    cwd,
    // Deno's spawnSync also passes the variables of this process: NO_COLOR must be emptied.
    env: environment({ TERM: 'xterm-256color', NO_COLOR: '' }),
    input,
    encoding: 'utf8',
  })
  return { out: stdout.replaceAll('\r', ''), status }
}

function withoutColors(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a color starts with one
  return text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
}

ifFullDevice('if the output cannot be written, the error is one sentence', async () => {
  using folder = temporaryFolder()
  const line = `${WITHMAC.map((word) => `'${word}'`).join(' ')} --help > /dev/full`
  const { stderr, status } = spawnSync('sh', ['-c', line], {
    cwd: folder.path(''),
    env: environment(),
    encoding: 'utf8',
  })
  expect(stderr).toMatch(/^withmac: .*(?:no space left on device|ENOSPC).*\n$/i)
  expect(status).toBe(5)
})

ifFullDevice(
  'if a new key cannot be printed, the error says that it is valid, and how to get another',
  async () => {
    using folder = temporaryFolder()
    const cwd = folder.path('')
    const onFullDisk = (...args: readonly string[]) => {
      const words = [...WITHMAC, ...args].map((word) => `'${word}'`).join(' ')
      const { stderr, status } = spawnSync('sh', ['-c', `${words} > /dev/full`], {
        ...{ cwd, env: environment(), encoding: 'utf8' },
      })
      expect(status).toBe(5)
      return stderr.replace(/until .* UTC/, 'until <moment>')
    }
    expect(onFullDisk('create', 'ada', '--id', 'a1')).toMatch(
      /The credential a1 was created, but you may not have seen its key\. To delete it: "withmac delete a1"\.\n$/,
    )
    expect(onFullDisk('rotate', 'a1')).toMatch(
      /a1 was rotated, but you may not have seen its key 2\. Key 1 is valid until <moment>\. To get another key: "withmac rotate a1 --end-earlier-grace --save new\.json"; then key 1 is rejected at once\.\n$/,
    )
    expect(onFullDisk('rotate', 'a1', '--grace', '0')).toMatch(
      /a1 was rotated, but you may not have seen its key 3\. To get another key: "withmac rotate a1 --grace 0 --save new\.json"\.\n$/,
    )
    expect(onFullDisk('rotate', 'a1', '--grace', '0', '--save', 'new.json')).toMatch(
      /a1 was rotated; its key 4 is in new\.json\.\n$/,
    )
  },
)

ifTerminal('delete --json does not ask, and needs --yes', () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  onTerminal(['create', 'ada', '--id', 'a1'], cwd)
  const { out, status } = onTerminal(['delete', 'a1', '--json'], cwd)
  expect(out).toContain('--json cannot ask. To delete it without a question, add --yes.')
  expect(status).toBe(2)
})

test('messages show an empty name as ""', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['init'], { cwd })
  const told = async (...args: readonly string[]) => (await withmac(args, { cwd })).err
  expect(await told('show', '')).toContain('there is no credential "" in ')
  expect(await told('list', '--user', '')).toContain('There is no credential of "" in ')
  expect(await told('history', '--user', '')).toContain(
    'No change to credentials of "" is recorded',
  )
  expect(await told('create', '')).toBe('withmac: createCredential: user must not be empty\n')
})
