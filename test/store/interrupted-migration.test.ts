import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { Kysely, type KyselyPlugin } from 'kysely'
import { createMac } from '../../src/index.ts'
import { openSqlite } from '../../src/store/drivers/choose-driver.ts'
import { migrate, SCHEMA_VERSION } from '../../src/store/migrations.ts'
import type { MacDatabase } from '../../src/store/schema.ts'
import { databaseContent } from '../support/database-content.ts'
import { temporaryFolder } from '../support/folder.ts'
import { runToEnd } from '../support/process.ts'
import { describe, expect, test } from '../support/runner.ts'
import { CONTENT } from './earlier/content.ts'

const SCRIPT = join(import.meta.dirname, '../support/die-migrating.ts')

/** A plugin that makes the statement with number `at` fail. */
function failing(at: number): KyselyPlugin {
  let left = at
  return {
    transformQuery({ node }) {
      if (--left === 0) throw new Error('interrupted')
      return node
    },
    transformResult: async ({ result }) => result,
  }
}

/** Migrates a file, but lets one statement fail. Returns whether the migration reached the end. */
async function migrated(path: string, failsAt: number): Promise<boolean> {
  const { dialect } = await openSqlite(path, 'own')
  const db = new Kysely<MacDatabase>({ dialect, plugins: [failing(failsAt)] })
  try {
    await migrate(db)
    return true
  } catch (error) {
    expect(String(error)).toBe('Error: interrupted')
    return false
  } finally {
    await db.destroy()
  }
}

async function expectAllThere(path: string): Promise<void> {
  const mac = createMac({ database: `sqlite:${path}` })
  expect(await mac.listCredentials()).toHaveLength(Object.keys(CONTENT).length)
  await mac.close()
  const { rows, integrity } = databaseContent(path)
  expect(rows.mac_schema).toHaveLength(SCHEMA_VERSION)
  expect(integrity).toBe('ok')
}

/** Each version, how many statements its migration has at least, and after how many it is killed. */
const VERSIONS: readonly [number, number, readonly number[]][] = [
  // At least one for each added column.
  ...([1, 2, 3] as const).map(
    (version) => [version, 20, [6, 12, 24]] as [number, number, number[]],
  ),
  [5, 8, [4, 6, 8]],
]

describe.each(VERSIONS)('a migration from version %d of the tables', (version, least, kills) => {
  function copy(path: string): void {
    copyFileSync(join(import.meta.dirname, `earlier/version-${version}.db`), path)
  }

  test('changes nothing if any of its statements fails, and can be tried again', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    copy(path)
    const before = databaseContent(path)
    let at = 1
    while (!(await migrated(path, at))) {
      expect(databaseContent(path)).toEqual(before)
      at++
    }
    expect(at).toBeGreaterThan(least)
    await expectAllThere(path)
  }, 180_000)

  test('changes nothing if the process is killed in its middle', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    copy(path)
    const before = databaseContent(path)
    for (const statements of kills) {
      const args = { cwd: folder.path('.'), env: process.env, args: [path, String(statements)] }
      // The status is null because it was killed. It did not fail by itself.
      expect(await runToEnd(SCRIPT, args)).toEqual({ out: '', err: '', status: null })
      expect(databaseContent(path)).toEqual(before)
    }
    await expectAllThere(path)
  }, 180_000)
})
