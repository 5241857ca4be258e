import { Kysely } from 'kysely'
import { openSqlite } from '../../src/store/drivers/choose-driver.ts'
import { migrate } from '../../src/store/migrations.ts'
import type { MacDatabase } from '../../src/store/schema.ts'

/** Brings a database file up to date, and kills itself after so many statements. */
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
