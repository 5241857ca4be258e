import { isBusy } from '../../store/busy.ts'
import { ENTRY_BYTES } from '../../store/journal-entries.ts'
import { SCHEMA_VERSION } from '../../store/migrations.ts'
import { reasonOf } from '../../store/store-failure.ts'
import { TRIGGER_NAMES } from '../../store/triggers.ts'
import { pasted } from '../called-as.ts'
import type { Inspected } from '../inspect.ts'
import { showSpan } from '../terminal/moments.ts'
import { credentialFindings } from './database-credentials.ts'
import { bad, type Finding, good, note } from './finding.ts'
import { sealingFindings } from './sealing.ts'

/** The moment that no clock of this version's time shows any more: 2025. */
const NO_EARLIER = 1_735_689_600

/** The version of the tables from which the triggers have the names that they have now. */
const TRIGGERS = 3

/** What there is to say of a database's content. */
export function contentFindings(database: Inspected, now: number): Finding[] {
  const version = schemaVersion(database)
  if (version === null) {
    const advice = `"${pasted('init')}" makes the tables; or name the right file with --database`
    return [bad('tables', 'it has no tables of withmac', advice)]
  }
  return [
    journal(database),
    integrity(database),
    schema(version),
    ...(version < TRIGGERS ? [] : [triggers(database)]),
    lock(database),
    ...(version > SCHEMA_VERSION
      ? []
      : [
          ...credentialFindings(database, version, now),
          // Earlier tables have no room for it.
          ...(version < SCHEMA_VERSION ? [] : sealingFindings(database)),
          nonces(database, version),
          clock(database, now),
        ]),
  ]
}

function schemaVersion({ value }: Inspected): number | null {
  if (value("select 1 from sqlite_master where name = 'mac_schema'") === undefined) return null
  return Number(value('select max(version) from mac_schema') ?? 0)
}

function journal({ value }: Inspected): Finding {
  const mode = String(value('pragma journal_mode'))
  if (mode === 'wal') return good('journal', 'write-ahead log')
  const text = `the journal is ${mode}, not a write-ahead log`
  return note(
    'journal',
    text,
    'the server sets it when it opens the database: has it ever run on it?',
  )
}

function integrity({ value }: Inspected): Finding {
  const verdict = String(value('pragma quick_check(1)'))
  if (verdict === 'ok') return good('integrity', 'SQLite finds it whole')
  return bad(
    'integrity',
    `SQLite says: ${verdict}`,
    'restore a backup; withmac refuses rather than guesses',
  )
}

function schema(version: number): Finding {
  if (version === SCHEMA_VERSION)
    return good('tables', `version ${version}, as this withmac has it`)
  if (version > SCHEMA_VERSION) {
    const text = `version ${version}, and this withmac knows versions up to ${SCHEMA_VERSION}`
    return bad('tables', text, 'use the withmac that wrote them, or a newer one')
  }
  const text = `version ${version}; this withmac has version ${SCHEMA_VERSION}`
  return note(
    'tables',
    text,
    `whoever opens it with this version brings it up to date, be it a server or any command but doctor, such as "${pasted('list')}": servers of earlier versions then answer 503 until they are replaced`,
  )
}

function triggers({ rows }: Inspected): Finding {
  const there = new Set(
    rows("select name from sqlite_master where type = 'trigger'").map(({ name }) => name),
  )
  const missing = TRIGGER_NAMES.filter((name) => !there.has(name))
  if (missing.length === 0) return good('triggers', 'all three')
  const are = missing.length === 1 ? 'is' : 'are'
  return bad(
    'triggers',
    `${missing.join(', ')} ${are} missing: running servers would not notice a revoked credential`,
    `restart the servers, or run "${pasted('init')}": whoever opens the database sets them up again`,
  )
}

/** Whether the write lock is to be had, and something can be written. All of it is taken back. */
function lock({ handle, path }: Inspected): Finding {
  try {
    handle.exec('begin immediate')
    try {
      handle.exec("update mac_state set value = value where name = 'nonce_floor'")
    } finally {
      handle.exec('rollback')
    }
    return good('writing', 'works')
  } catch (error) {
    const locked = isBusy(error)
    return bad(
      'writing',
      reasonOf(error, path),
      locked
        ? 'another process holds the write lock for seconds: look for one that left a transaction open'
        : 'see mode, owner and disk above',
    )
  }
}

/** The version of the tables from which nonces are in a journal. */
const JOURNAL = 5

function nonces({ value, state }: Inspected, version: number): Finding {
  const count =
    version < JOURNAL
      ? 'select count(*) from mac_nonces'
      : `select total(length(entries)) / ${ENTRY_BYTES} from mac_nonce_log`
  const text = `${Number(value(count))} kept`
  if (state('halted') !== 1) return good('nonces', text)
  return bad(
    'nonces',
    `${text}; a sync of the log failed, and requests are answered 503`,
    'stop all processes that use it, see to the disk, and start them again',
  )
}

/** The clock here against what the database holds of it. */
function clock({ value, state }: Inspected, now: number): Finding {
  const shown = new Date(now * 1000).toISOString()
  if (now < NO_EARLIER) {
    return bad('clock', `it says ${shown}`, 'set it: every request would be out of its window')
  }
  const floor = state('nonce_floor') ?? 0
  if (floor > now) {
    return bad(
      'clock',
      `it says ${shown}, and nonces were removed up to ${showSpan(floor - now)} later: a clock ran ahead`,
      `until the clock gets there, timestamps up to then are refused as too old. Is it right now (timedatectl)? Then wait`,
    )
  }
  const created = Number(value('select max(created) from mac_credentials') ?? 0)
  if (created > now + 60) {
    const text = `it says ${shown}, and a credential was created ${showSpan(created - now)} later`
    return bad(
      'clock',
      text,
      'the clock was set back, or another machine is ahead: look at timedatectl',
    )
  }
  return good('clock', `it says ${shown}`)
}
