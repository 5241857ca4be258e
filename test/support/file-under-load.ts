import { statSync } from 'node:fs'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { CompiledQuery } from 'kysely'
import { Checkpoints } from '../../src/store/checkpoints.ts'
import { SqliteConnection } from '../../src/store/connection.ts'
import { openSqlite } from '../../src/store/drivers/choose-driver.ts'
import { inode } from '../../src/store/file.ts'
import type { Steps } from '../../src/store/steps.ts'
import { isBusy } from '../../src/store/store-failure.ts'

/** How many rows a batch changes. Each is on another page, which goes to the log. */
const BATCH = 64
/** How many there are: the file does not grow. */
const ROWS = 1024

const FILL = `with recursive row(id) as (select 1 union all select id + 1 from row where id < ${ROWS})
  insert into t select id, 0, hex(randomblob(1200)) from row`
const CHANGE = CompiledQuery.raw(
  `update t set changes = changes + 1 where id in
    (select id from t order by random() limit ${BATCH}) returning id`,
)

/** A file that is written through the store's own connection, and what happens to it. */
export interface FileUnderLoad {
  /** Commits so many batches, as fast as it can. */
  load(batches: number): Promise<void>
  /** Throws where a commit was lost. */
  assertComplete(): void
  /** How many pages were written to the log so far, at the least. */
  readonly pages: number
  /** How often a checkpoint was made on this thread. */
  readonly checkpointsHere: number
  /** How many bytes the log takes on the disk. */
  logSize(): number
  close(): Promise<void>
}

/** @param opener In place of the driver's own: see `SqliteHandle`. */
export async function fileUnderLoad(path: string, opener?: string | null): Promise<FileUnderLoad> {
  const own = await openSqlite(path, 'own')
  own.exec('pragma journal_mode = wal')
  own.exec('create table t (id integer primary key, changes integer, filling text)')
  own.exec(FILL)
  let checkpointsHere = 0
  const handle: typeof own = {
    ...own,
    opener: opener === undefined ? own.opener : opener,
    all(sql, parameters) {
      if (sql.includes('wal_checkpoint')) checkpointsHere++
      return own.all(sql, parameters)
    },
  }
  const checkpoints = new Checkpoints(handle, { path, inode: inode(path) })
  const connection = new SqliteConnection(handle, checkpoints)
  function* steps(): Steps<number> {
    return (yield CHANGE).length
  }
  let pages = 0
  /** A checkpoint may hold the lock for a moment; the store tries again as well. */
  const change = async (): Promise<number> => {
    try {
      const changed = await connection.transact(steps, 'later')
      checkpoints.wrote(changed)
      return changed
    } catch (error) {
      if (!isBusy(error)) throw error
      await sleep(1)
      return change()
    }
  }
  return {
    get pages() {
      return pages
    },
    get checkpointsHere() {
      return checkpointsHere
    },
    logSize: () => statSync(`${path}-wal`).size,
    async load(batches) {
      for (let batch = 0; batch < batches; batch++) {
        pages += await change()
        await turn()
        connection.tidy()
      }
    },
    assertComplete() {
      const [row] = own.all('select sum(changes) as changes from t', [])
      if (row?.changes !== pages) throw new Error(`${row?.changes} changes of ${pages}`)
    },
    async close() {
      await checkpoints.close()
      own.close()
    },
  }
}
