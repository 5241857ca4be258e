import { Kysely } from 'kysely'
import { openSqlite } from '../../src/store/drivers/choose-driver.ts'
import { migrate } from '../../src/store/migrations.ts'
import type { MacDatabase } from '../../src/store/schema.ts'

/** Migrates a database file, and kills its own process after the given number of statements. */
const [path = '', statements] = process.argv.slice(2)
const { dialect } = await openSqlite(path, 'own')
let left = Number(statements)
const db = new Kysely<MacDatabase>({
  dialect,
  log: () => {
    if (--left === 0) process.kill(process.pid, 'SIGKILL')
  },
})
await migrate(db)
console.log('through')
