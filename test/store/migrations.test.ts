import { Database } from 'bun:sqlite'
import { dirname, join } from 'node:path'
import { createMac } from '../../src/index.ts'
import { MIGRATIONS, SCHEMA_VERSION } from '../../src/store/migrations.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'

/** All that the migrations made: the version of each, and the tables as they were declared. */
function tables(path: string): unknown {
  const database = new Database(path, { readonly: true })
  try {
    return {
      versions: database.query('select version from mac_schema order by 1').values().flat(),
      state: database.query('select name from mac_state order by 1').values().flat(),
      schema: database.query('select name, sql from sqlite_master order by 1').values(),
    }
  } finally {
    database.close()
  }
}

/** What one opening alone makes. */
async function expected(path: string): Promise<unknown> {
  const mac = createMac({ database: `sqlite:${path}` })
  await mac.ready()
  await mac.close()
  return tables(path)
}

test('the versions count up from one, without a gap', () => {
  expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, at) => at + 1))
  expect(SCHEMA_VERSION).toBe(MIGRATIONS.length)
})

test('each is run once, and its version written down', async () => {
  using folder = temporaryFolder()
  const versions = MIGRATIONS.map(({ version }) => version)
  expect(await expected(folder.path('mac.db'))).toMatchObject({ versions })
})

test('opening a database again changes nothing', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const first = await expected(path)
  expect(await expected(path)).toEqual(first)
})

test('eight processes that open a new file at once run each migration once', async () => {
  using folder = temporaryFolder()
  const gate = Promise.withResolvers<void>()
  let up = 0
  const script = join(dirname(Bun.fileURLToPath(import.meta.url)), '../support/wait-and-open.ts')
  const path = folder.path('mac.db')
  const children = Array.from({ length: 8 }, () => {
    const command = [process.execPath, script, `sqlite:${path}`]
    return Bun.spawn(command, { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
  })
  const said = await Promise.all(
    children.map(async ({ stdin, stdout, exited }) => {
      let text = ''
      let ended = false
      for await (const chunk of stdout) {
        text += new TextDecoder().decode(chunk)
        if (ended || !text.includes('up')) continue
        ended = true
        if (++up === children.length) gate.resolve()
        await gate.promise
        stdin.end()
      }
      return [text.trim().split('\n'), await exited]
    }),
  )
  expect(said).toEqual(children.map(() => [['up', 'ready'], 0]))
  expect(tables(path)).toEqual(await expected(folder.path('alone.db')))
}, 20_000)

test.each([[8], [32]])(
  '%d connections of one process that open a new file at once run each migration once',
  async (count) => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const macs = Array.from({ length: count }, () => createMac({ database: `sqlite:${path}` }))
    const opened = await Promise.allSettled(macs.map((mac) => mac.ready()))
    await Promise.all(macs.map((mac) => mac.close()))
    expect(opened.filter(({ status }) => status === 'rejected')).toHaveLength(0)
    expect(tables(path)).toEqual(await expected(folder.path('alone.db')))
  },
  20_000,
)
