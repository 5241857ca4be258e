import { MISTAKES } from '../journal/mistakes.ts'
import type { Mistake } from '../mistaken-code.ts'
import type { Loss } from './judge.ts'
import type { KindName } from './kinds.ts'

/** Changes that are no mistakes. They make rare things happen in a short run. */
export const HURRIED: readonly Mistake[] = [
  {
    name: 'checkpoints come soon',
    file: 'store/sqlite-database.ts',
    right: 'wal_autocheckpoint = 1000',
    wrong: 'wal_autocheckpoint = 20',
  },
  {
    name: 'the thread takes over soon',
    file: 'store/log-sync.ts',
    right: 'const QUICK_SYNC_MS = 0.5',
    wrong: 'const QUICK_SYNC_MS = -1',
  },
]

/** A mistake that a power cut shows, the kind of recording that shows it, and what is lost. */
export interface PowerMistake extends Mistake {
  readonly kind: KindName
  readonly shows: readonly Loss[]
}

const ENDS_A_TRANSACTION = `
    const { sql } = await import('kysely')
    await sql\`commit\`.execute(locked)
    await sql\`begin immediate\`.execute(locked)`

export const POWER_MISTAKES: readonly PowerMistake[] = [
  {
    ...ofTheJournal('a batch is answered before its sync'),
    ...{ kind: 'load', shows: ['accepted'] },
  },
  {
    ...ofTheJournal('a sync confirms a commit that came after it began'),
    ...{ kind: 'load', shows: ['accepted'] },
  },
  {
    name: 'changes of credentials are acknowledged before a sync',
    file: 'store/sqlite-database.ts',
    right: "'synchronous = full'",
    wrong: "'synchronous = normal'",
    ...{ kind: 'load', shows: ['missing'] },
  },
  {
    name: 'checkpoints are made without a sync',
    file: 'store/connection.ts',
    right: "later: 'normal'",
    wrong: "later: 'off'",
    ...{ kind: 'load', shows: ['accepted', 'missing', 'damaged'] },
  },
  {
    name: 'nonces are removed and synced before the floor is raised',
    file: 'store/nonce-expiry.ts',
    right: `yield raiseState(db, 'nonce_floor', floor)
  yield db.deleteFrom('mac_nonce_log').where('seq', '<=', seq).compile()`,
    wrong: `yield db.deleteFrom('mac_nonce_log').where('seq', '<=', seq).compile()
  yield sql\`commit\`.compile(db)
  yield sql\`pragma synchronous = full\`.compile(db)
  yield sql\`update mac_state set value = value where name = 'keep_seconds'\`.compile(db)
  yield sql\`pragma synchronous = normal\`.compile(db)
  yield sql\`begin immediate\`.compile(db)
  yield raiseState(db, 'nonce_floor', floor)`,
    ...{ kind: 'prune', shows: ['accepted'] },
  },
  {
    name: 'the version of the tables is committed before the nonces are in the journal',
    file: 'store/migrations.ts',
    right: '    carryNoncesOver,\n',
    wrong: `    sql\`insert into mac_schema values (5)\`,
    sql\`commit\`,
    sql\`begin immediate\`,
    sql\`delete from mac_schema where version = 5\`,
    carryNoncesOver,\n`,
    ...{ kind: 'migration', shows: ['accepted'] },
  },
  {
    ...ofTheJournal('a batch is answered before its sync'),
    ...{ kind: 'second cut', shows: ['accepted'] },
  },
  {
    name: 'a sealed key is committed before the name of its sealing key',
    file: 'store/reseal.ts',
    right: "await locked.updateTable('mac_credentials').set(columns)",
    wrong: `const only = (key: string) =>
          locked.updateTable('mac_credentials').set({ key }).where('id', '=', row.id).execute()
        await only(columns.key)${ENDS_A_TRANSACTION}
        await only(row.key)
        await locked.updateTable('mac_credentials').set(columns)`,
    ...{ kind: 'reseal', shows: ['rejected'] },
  },
]

function ofTheJournal(name: string): Mistake {
  const mistake = MISTAKES.find((known) => known.name === name)
  if (mistake === undefined) throw new Error(`There is no mistake ${JSON.stringify(name)}.`)
  return mistake
}
