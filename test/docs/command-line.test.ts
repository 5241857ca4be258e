import { copyFileSync, writeFileSync } from 'node:fs'
import { STATUSES } from '../../src/cli/failure.ts'
import { createMac } from '../../src/index.ts'
import { WITHMAC, withmac } from '../cli/run.ts'
import { serveMac } from '../cli/served.ts'
import { temporaryFolder } from '../support/folder.ts'
import { BASH, OPENSSL, SQLITE3, testWith } from '../support/needs.ts'
import { runCommand } from '../support/process.ts'
import { expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'
import { block, page, section } from './pages.ts'

const PAGE = page('docs/command-line.md')

test('the commands in docs/command-line.md work one after the other', async () => {
  using folder = temporaryFolder()
  const database = `sqlite:${folder.path('mac.db')}`
  await using server = await serveMac({ database })
  const lines = block('withmac create ada --id laptop').code.trim().split('\n')
  expect(lines.length).toBeGreaterThan(5)
  for (const line of lines) {
    const command = line.replace(/ *#.*/, '').replace('http://localhost:3000/', server.url)
    const { err, status } = await withmac(command.split(' ').slice(3), { cwd: folder.path('.') })
    expect([command, err, status]).toEqual([command, '', 0])
  }
  const mac = createMac({ database })
  expect(await mac.listCredentials({ user: 'ada' })).toHaveLength(2)
  await mac.close()
})

const ifShell = await testWith(BASH, OPENSSL)

ifShell('the sealing lines in docs/keys-at-rest.md seal the existing keys', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('.')
  await withmac(['create', 'ada', '--save', 'ada.json'], { cwd })
  const { out, status } = await inShell(block('export MAC_SEALING_KEY').code, cwd)
  expect(out).toContain('1 credential')
  expect(status).toBe(0)
  expect((await withmac(['list'], { cwd })).err).toContain('MAC_SEALING_KEY')
})

const ifSqlite = await testWith(BASH, SQLITE3)

ifSqlite('the documented backup line makes a backup', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('.')
  await withmac(['create', 'ada', '--save', 'ada.json'], { cwd })
  expect((await inShell(block('.backup').code, cwd)).status).toBe(0)
  const { out } = await withmac(['list', '--database', 'copy.db'], { cwd })
  expect(out).toContain('ada')
})

ifSqlite('after the documented line for a restored database, no replay is accepted', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('.')
  const options = { database: `sqlite:${folder.path('mac.db')}`, onReject: () => {} }
  const before = createMac(options)
  const credential = await before.createCredential('ada')
  const line = block('unixepoch() + 301').code
  const clock = Math.floor(Date.now() / 1000)
  const send = async (ts: number, nonce: string) => {
    const mac = createMac(options)
    const result = await mac.verify(signed(credential, 'http://a.test/', { ts, nonce }))
    await mac.close()
    return result.ok ? 'ok' : result.error.code
  }
  await before.close()
  copyFileSync(folder.path('mac.db'), folder.path('backup.db'))
  const early = clock + 290
  expect(await send(early, 'a')).toBe('ok')
  copyFileSync(folder.path('backup.db'), folder.path('mac.db'))
  expect(await send(early, 'a')).toBe('ok') // a replay, without the line
  copyFileSync(folder.path('backup.db'), folder.path('mac.db'))
  expect((await inShell(line, cwd)).status).toBe(0)
  expect(await send(early, 'a')).toBe('ERR_MAC_TIMESTAMP_STALE')
})

test('docs/command-line.md describes each command and each of its options', async () => {
  const cwd = '.'
  const help = async (...args: string[]) => (await withmac([...args, '--help'], { cwd })).out
  const [, list = ''] = (await help()).split(/^Commands:$/m)
  const commands = [...(list.split(/^Examples:$/m)[0]?.matchAll(/^ {2}([a-z]+) /gm) ?? [])]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help')
  expect(commands.length).toBeGreaterThan(15)
  const described = [...PAGE.prose.matchAll(/^### (.*)$/gm)].map(([, name]) => name)
  expect(described.toSorted()).toEqual(commands.toSorted())
  const missing = commands.map(async (name) => {
    const [, options = ''] = (await help(name)).split(/^Options:$/m)
    const own = options.split(/^Global Options:$/m)[0]?.match(/(?<=^ {2}(?:-\w, )?)--[\w-]+/gm)
    const text = section(PAGE, name)
    return (own ?? [])
      .filter((option) => option !== '--help' && !new RegExp(`${option}(?![\\w-])`).test(text))
      .map((option) => `${name} ${option}`)
  })
  expect((await Promise.all(missing)).flat()).toEqual([])
})

test('docs/command-line.md describes each exit status', () => {
  const rows = [...PAGE.prose.matchAll(/^\| (\d) \|/gm)].map(([, status]) => Number(status))
  expect(rows).toEqual(STATUSES.map(([status]) => status))
})

/** Runs lines in a shell. In it, `npx` starts the command line from its sources. */
function inShell(lines: string, cwd: string) {
  const shim = `npx() { shift 2; ${WITHMAC.map((word) => `'${word}'`).join(' ')} "$@"; }`
  const script = `${cwd}/lines.sh`
  writeFileSync(script, `set -e\n${shim}\n${lines}`)
  return runCommand(['bash', script], { cwd, env: process.env })
}
