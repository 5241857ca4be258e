import { createMac } from '../../src/index.ts'
import { MIGRATIONS } from '../../src/store/migrations.ts'
import { temporaryFolder } from '../support/folder.ts'
import { OPENED, openAtOnce } from '../support/open-at-once.ts'
import { expect, test } from '../support/runner.ts'
import { openDatabase, rowsOf } from '../support/sqlite.ts'

/** Returns what the migrations created: the versions, the names in `mac_state`, and the schema. */
function tables(path: string): unknown {
  const database = openDatabase(path)
  try {
    return {
      versions: rowsOf(database, 'select version from mac_schema order by 1').flat(),
      state: rowsOf(database, 'select name from mac_state order by 1').flat(),
      schema: rowsOf(database, 'select name, sql from sqlite_master order by 1'),
    }
  } finally {
    database.close()
  }
}

/** Opens a database once, and returns what the migrations created. */
async function expected(path: string): Promise<unknown> {
  const mac = createMac({ database: `sqlite:${path}` })
  await mac.ready()
  await mac.close()
  return tables(path)
}

test('each migration runs once, and its version is stored', async () => {
  using folder = temporaryFolder()
  const versions = MIGRATIONS.map((_, at) => at + 1)
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
  const path = folder.path('mac.db')
  expect(await openAtOnce(path, 8)).toEqual(Array.from({ length: 8 }, () => OPENED))
  expect(tables(path)).toEqual(await expected(folder.path('alone.db')))
}, 180_000)

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
  180_000,
)
