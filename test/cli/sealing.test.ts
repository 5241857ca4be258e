import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { describe, expect, test } from '../support/runner.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'
import { openDatabase, rowsOf } from '../support/sqlite.ts'
import { steal } from '../support/stolen.ts'
import { environment, WITHMAC, withmac, withmacJson } from './run.ts'

const [ONE, TWO] = [sealingKeyOf('one'), sealingKeyOf('two')]
const one = { MAC_SEALING_KEY: ONE }

interface Findings {
  readonly findings: readonly { state: string; subject: string; text: string; advice?: string }[]
}

/** What doctor reports about sealing, and all other problems. */
async function sealing(cwd: string, env: Record<string, string> = {}): Promise<string> {
  const { out } = await withmac(['doctor', '--json'], { cwd, env })
  const { findings } = JSON.parse(out) as Findings
  return findings
    .filter(({ state, subject }) => subject === 'sealing' || state === 'bad')
    .map(({ state, text, advice }) => `${state}: ${text} → ${advice ?? ''}`)
    .join('\n')
    .replaceAll(/[0-9a-f]{16}/g, '<id>')
}

describe('commands on a sealed database', () => {
  test('work with the sealing key; without it they end with 3 and name the missing sealing key', async () => {
    using folder = temporaryFolder()
    const cwd = folder.path('')
    const { id } = await withmacJson<{ id: string }>(['create', 'ada'], { cwd, env: one })
    const commands = [
      ['list'],
      ['sign', 'GET', 'http://localhost/', '--id', id],
      ['prune'],
      ['reseal'],
    ]
    for (const command of commands) {
      expect((await withmac(command, { cwd, env: one })).status).toBe(0)
      const { out, err, status } = await withmac(command, { cwd })
      expect({ command, out, status }).toEqual({ command, out: '', status: 3 })
      expect(err).toMatch(/sealed by a sealing key that was not given: [0-9a-f]{16} \(\d cred/)
    }
    const wrong = await withmac(['list'], { cwd, env: { MAC_SEALING_KEY: 'hunter2' } })
    expect(wrong.status).toBe(2)
    expect(wrong.err).toMatch(/^withmac: MAC_SEALING_KEY: a sealing key has 5 bytes/)
    expect(wrong.err).not.toContain('hunter2')
  })

  test('end with 2 and write nothing if the sealing key is empty', async () => {
    using folder = temporaryFolder()
    const cwd = folder.path('')
    const empty = { MAC_SEALING_KEY: '' }
    const url = 'http://localhost/'
    expect((await withmac(['create', 'ada'], { cwd, env: empty })).status).toBe(2)
    expect(readdirSync(cwd)).toEqual([])
    const { id } = await withmacJson<{ id: string }>(['create', 'ada'], { cwd })
    for (const command of [['list'], ['sign', 'GET', url, '--id', id], ['prune'], ['reseal']]) {
      const { out, err, status } = await withmac(command, { cwd, env: empty })
      expect({ command, out, status }).toEqual({ command, out: '', status: 2 })
      expect(err).toMatch(/^withmac: MAC_SEALING_KEY is set, but empty\. .* unset it if keys/)
    }
    expect(await sealing(cwd, empty)).toMatch(
      /^bad: MAC_SEALING_KEY is set, but empty\. .* unset it/,
    )
  })

  test('reseal ends with 2 if no sealing key is set', async () => {
    using folder = temporaryFolder()
    const cwd = folder.path('')
    await withmac(['create', 'ada'], { cwd })
    const { out, err, status } = await withmac(['reseal'], { cwd })
    expect({ out, status }).toEqual({ out: '', status: 2 })
    expect(err).toMatch(/^withmac: reseal needs a sealing key: set MAC_SEALING_KEY/)
  })
})

test('doctor reports how keys are sealed: not at all, with this sealing key, or with another one', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'ada', '--id', 'ada'], { cwd })
  expect(await sealing(cwd)).toMatch(
    /^note: keys are not sealed: .* → set MAC_SEALING_KEY .*reseal"$/,
  )
  expect(await sealing(cwd, one)).toBe(
    'note: the sealing key is <id>, but not all keys are sealed with it: keys of 1 credential not at all → ' +
      'to seal all keys: "withmac reseal"',
  )
  const sealed = await withmac(['reseal'], { cwd, env: one })
  expect(sealed.out).toMatch(
    /^sealed the keys of 1 credential with the sealing key [0-9a-f]{16}\n$/,
  )
  expect(sealed.err).toBe('')
  const hasty = await withmac(['reseal', '--no-vacuum'], { cwd, env: one })
  expect(hasty.err).toMatch(/^Old copies of keys may still be in unused parts of the file/)
  expect(await sealing(cwd, one)).toBe('good: all keys are sealed with <id> → ')
  const both = { MAC_SEALING_KEY: `${TWO} ${ONE}` }
  await withmac(['create', 'bob', '--id', 'bob'], { cwd, env: both })
  expect(await sealing(cwd, both)).toMatch(
    /^note: the sealing key is <id>, .*: keys of 1 credential with <id>, of 1 credential with <id> → .*with the first/,
  )
  expect(await sealing(cwd, one)).toMatch(/^bad: MAC_SEALING_KEY lacks sealing keys/)
  expect(await sealing(cwd)).toMatch(/of 1 credential with <id>; it has none → /)
  expect(await sealing(cwd, { MAC_SEALING_KEY: 'hunter2' })).toMatch(/^bad: MAC_SEALING_KEY: a sea/)

  const database = openDatabase(folder.path('mac.db'))
  database.exec(
    `update mac_credentials set key = (select key from mac_credentials where id = 'bob')`,
  )
  database.close()
  expect(await sealing(cwd, both)).toMatch(
    /bad: the keys of ada cannot be opened: they were changed/,
  )
  const again = await withmac(['reseal'], { cwd, env: both })
  expect(again.status).toBe(1)
  expect(again.out).toMatch(/not opened: the keys of ada\. They were changed, or copied/)
})

const MANY = 20_000

test('reseal continues where it was killed, and leaves no plain key in the files', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const path = folder.path('mac.db')
  await withmac(['init'], { cwd })
  // Keys that are not sealed, written as withmac writes them: on a connection with secure_delete.
  const database = openDatabase(path)
  database.exec('pragma secure_delete = on')
  database.exec(`with recursive row(n) as (select 1 union all select n + 1 from row where n < ${MANY})
    insert into mac_credentials (id, user, key, algorithm, created, old_key, old_algorithm, old_until)
    select hex(randomblob(12)), 'ada', 'K' || hex(randomblob(20)), 'hmac-sha-256', 1,
      'O' || hex(randomblob(20)), 'hmac-sha-1', 9999999999 from row`)
  const made = rowsOf(database, 'select id, key from mac_credentials limit 50') as string[][]
  expect(steal(path, folder.path('before')).matches(/[KO][0-9A-F]{40}/g)).toHaveLength(2 * MANY)
  const sealed = 'from mac_credentials where key_sealed_by is not null'
  const isAtWork = () => rowsOf(database, `select 1 ${sealed} limit 1`).length > 0

  const [command, ...first] = WITHMAC
  const env = environment(one)
  const child = spawn(command, [...first, 'reseal'], { cwd, env, stdio: 'ignore' })
  const ended = once(child, 'close')
  while (!isAtWork() && child.exitCode === null) await sleep(1)
  child.kill('SIGKILL')
  expect(await ended).toEqual([null, 'SIGKILL'])
  const done = Number(rowsOf(database, `select count(*) ${sealed}`)[0]?.[0])
  expect(done).toBeGreaterThan(0)
  expect(done).toBeLessThan(MANY)
  expect(await sealing(cwd, one)).toMatch(/^note: .*not all keys are sealed with it/)

  const early = await withmac(['reseal'], { cwd, env: one })
  expect(early.status).toBe(3)
  expect(early.err).toMatch(/Another reseal is running on this database, or was killed in the last/)
  // As if ten seconds had passed.
  database.exec("update mac_state set value = value - 10000 where name = 'resealing'")
  const { resealed, ...rest } = await withmacJson<{ resealed: number }>(['reseal'], {
    ...{ cwd, env: one },
  })
  expect(resealed).toBe(MANY - done)
  expect(rest).toMatchObject({ unopened: [], logEmptied: true })
  expect(await sealing(cwd, one)).toBe('good: all keys are sealed with <id> → ')
  database.close()
  expect(steal(path, folder.path('stolen')).matches(/[KO][0-9A-F]{40}/g)).toEqual([])

  // And the keys are still the same.
  const mac = createMac({ database: `sqlite:${path}`, sealingKey: ONE })
  await mac.rotateCredential(made[0]?.[0] ?? '', { endEarlierGrace: true })
  for (const [id = '', key = ''] of made.slice(1)) {
    const same = mac.rotateCredential(id, { key, endEarlierGrace: true })
    await expect(same).rejects.toThrow(/is the current key/)
  }
  await mac.close()
})
