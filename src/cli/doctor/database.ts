import { accessSync, constants, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { ENTRY_BYTES } from '../../store/journal-entries.ts'
import { SCHEMA_VERSION, TRIGGER_NAMES } from '../../store/migrations.ts'
import { isBusy, reasonOf } from '../../store/store-failure.ts'
import {
  type Inspected,
  type Place,
  runtimeName,
  sqliteDriver,
  withInspected,
} from '../database.ts'
import { pasted } from '../help.ts'
import { showSpan } from '../terminal/moments.ts'
import { credentialFindings, sealingFindings } from './database-credentials.ts'
import { bad, type Finding, good, note } from './finding.ts'

/** Looks at a database from all sides, and changes nothing in it. */
export async function databaseFindings(place: Place): Promise<Finding[]> {
  const driver = await sqliteDriver(place.driver)
  const runtime = good('runtime', `${runtimeName()}, ${driver}, on ${process.platform}`)
  if (place.file === null) return [runtime, note('file', 'none: a database in memory is empty')]
  const findings = [runtime, ...fileFindings(place.file)]
  try {
    const now = Math.floor(Date.now() / 1000)
    return [...findings, ...(await withInspected(place, (opened) => contentFindings(opened, now)))]
  } catch (error) {
    const text = `it cannot be opened: ${reasonOf(error, place.file)}`
    const advice = 'is it a SQLite database, and yours to read and write? See mode and owner above'
    return [...findings, bad('content', text, advice)]
  }
}

/** The moment that no clock of this version's time shows any more: 2025. */
const NO_EARLIER = 1_735_689_600

/** The version of the tables from which the triggers have the names that they have now. */
const TRIGGERS = 3

/** What there is to say of a database's content. */
function contentFindings(database: Inspected, now: number): Finding[] {
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

/** How little free space is worth a word, in bytes. */
const LITTLE_SPACE = 100_000_000
const BESIDE = ['', '-wal', '-shm']

/** What there is to say of a database's file, and of those that SQLite puts beside it. */
function fileFindings(path: string): Finding[] {
  return [size(path), ...mode(path), ...owner(path), writable(path), ...space(path)]
}

function size(path: string): Finding {
  return good('file', `${path}, ${bytes(statSync(path).size)}`)
}

function there(path: string) {
  return BESIDE.map((end) => path + end).flatMap((name) => {
    const stat = statSync(name, { throwIfNoEntry: false })
    return stat === undefined ? [] : [{ name, stat }]
  })
}

function mode(path: string): Finding[] {
  // Windows has no such modes.
  if (process.platform === 'win32') return []
  const open = there(path).filter(({ stat }) => (stat.mode & 0o077) !== 0)
  if (open.length === 0) return [good('mode', 'for its owner alone')]
  const names = open.map(({ name, stat }) => `${name} (${(stat.mode & 0o777).toString(8)})`)
  return [
    bad(
      'mode',
      `others than its owner can open ${names.join(', ')}, and with it the keys`,
      `chmod 600 ${open.map(({ name }) => name).join(' ')}`,
    ),
  ]
}

function owner(path: string): Finding[] {
  const uid = process.getuid?.()
  if (uid === undefined) return []
  const [main, ...beside] = there(path)
  if (main === undefined) return []
  const strange = beside.find(({ stat }) => stat.uid !== main.stat.uid)
  if (strange !== undefined) {
    return [
      bad(
        'owner',
        `${path} belongs to user ${main.stat.uid} and ${strange.name} to user ${strange.stat.uid}`,
        `chown ${main.stat.uid} ${strange.name}`,
      ),
    ]
  }
  if (main.stat.uid === uid) return [good('owner', 'you')]
  return [
    note(
      'owner',
      `user ${main.stat.uid}, and you are user ${uid}`,
      'run this as the user that the server runs as, to see what the server sees',
    ),
  ]
}

/** SQLite makes files beside the database, so its folder counts as well. */
function writable(path: string): Finding {
  for (const name of [path, dirname(path)]) {
    try {
      accessSync(name, constants.W_OK)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EROFS') {
        const text = `${name} lies on a file system that is mounted read-only`
        return bad('writable', text, 'mount it for writing: each request writes its nonce')
      }
      return bad(
        'writable',
        `you cannot write to ${name}`,
        `give the server's user the right to write there (chown, chmod), or remount what is read-only`,
      )
    }
  }
  return good('writable', 'file and folder')
}

function space(path: string): Finding[] {
  // Not on every runtime, nor for every file system.
  const free = attempt(() => {
    const { bavail, bsize } = statfsSync(dirname(path))
    return bavail * bsize
  })
  if (free === null || !(free > 0)) return []
  if (free >= LITTLE_SPACE) return [good('disk', `${bytes(free)} free`)]
  return [
    bad('disk', `only ${bytes(free)} free: a full disk refuses every request`, 'make room on it'),
  ]
}

function attempt<Result>(work: () => Result): Result | null {
  try {
    return work()
  } catch {
    return null
  }
}

function bytes(count: number): string {
  if (count < 1000) return `${count} bytes`
  for (const [size, name] of [
    [1e9, 'GB'],
    [1e6, 'MB'],
  ] as const) {
    if (count >= size) return `${(count / size).toFixed(1)} ${name}`
  }
  return `${(count / 1e3).toFixed(1)} kB`
}
