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

/** Checks a database. It changes nothing. */
export async function databaseFindings(place: Place): Promise<Finding[]> {
  const driver = await sqliteDriver(place.driver)
  const runtime = good('runtime', `${runtimeName()}, ${driver}, on ${process.platform}`)
  if (place.file === null) return [runtime, note('file', 'none: the database in memory is empty')]
  const findings = [runtime, ...fileFindings(place.file)]
  try {
    const now = Math.floor(Date.now() / 1000)
    return [...findings, ...(await withInspected(place, (opened) => contentFindings(opened, now)))]
  } catch (error) {
    const text = `it cannot be opened: ${reasonOf(error, place.file)}`
    const advice =
      'is it a SQLite database, and may you read and write it? See "mode" and "owner" above'
    return [...findings, bad('content', text, advice)]
  }
}

/** The start of 2025. A clock that shows an earlier time is wrong: this version did not exist then. */
const NO_EARLIER = 1_735_689_600

/** The first schema version in which the triggers have their present names. */
const TRIGGERS = 3

/** Checks the content of a database. */
function contentFindings(database: Inspected, now: number): Finding[] {
  const version = schemaVersion(database)
  if (version === null) {
    const advice = `create the tables: "${pasted('init')}"; or use the right file: --database`
    return [bad('tables', 'the tables of withmac are missing', advice)]
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
          // Earlier schemas have no columns for sealing.
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
  const text = `the journal mode is ${mode}, not wal`
  return note(
    'journal',
    text,
    'a server sets it when it opens the database: has one ever opened it?',
  )
}

function integrity({ value }: Inspected): Finding {
  const verdict = String(value('pragma quick_check(1)'))
  if (verdict === 'ok') return good('integrity', 'SQLite found no damage')
  return bad(
    'integrity',
    `the file is damaged; SQLite says: ${verdict}`,
    'restore a backup; until then servers may answer 503',
  )
}

function schema(version: number): Finding {
  if (version === SCHEMA_VERSION)
    return good('tables', `version ${version}, the version of this withmac`)
  if (version > SCHEMA_VERSION) {
    const text = `version ${version}, but this withmac only knows versions up to ${SCHEMA_VERSION}`
    return bad('tables', text, 'use the withmac that created them, or a newer one')
  }
  const text = `version ${version}; this withmac uses version ${SCHEMA_VERSION}`
  return note(
    'tables',
    text,
    `a server of this version, or any command but doctor, migrates it, such as "${pasted('list')}"; servers of earlier versions then answer 503 until they are updated`,
  )
}

function triggers({ rows }: Inspected): Finding {
  const there = new Set(
    rows("select name from sqlite_master where type = 'trigger'").map(({ name }) => name),
  )
  const missing = TRIGGER_NAMES.filter((name) => !there.has(name))
  if (missing.length === 0) return good('triggers', 'all three exist')
  const are = missing.length === 1 ? 'is' : 'are'
  return bad(
    'triggers',
    `${missing.join(', ')} ${are} missing: running servers would not notice a revoked credential`,
    `restart the servers, or run "${pasted('init')}": both create them again`,
  )
}

/** Checks that the write lock is free and that a row can be written. The write is rolled back. */
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
        ? 'another process has held the write lock for seconds: find the one that left a transaction open'
        : 'see "mode", "owner" and "disk" above',
    )
  }
}

/** The first schema version in which nonces are in a journal. */
const JOURNAL = 5

function nonces({ value, state }: Inspected, version: number): Finding {
  const count =
    version < JOURNAL
      ? 'select count(*) from mac_nonces'
      : `select total(length(entries)) / ${ENTRY_BYTES} from mac_nonce_log`
  const text = `${Number(value(count))} stored`
  if (state('halted') !== 1) return good('nonces', text)
  return bad(
    'nonces',
    `${text}; a sync of the write-ahead log failed, so every request gets a 503`,
    'stop all processes that use this database, check the disk, and start them again',
  )
}

/** Compares the clock of this machine with the times in the database. */
function clock({ value, state }: Inspected, now: number): Finding {
  const shown = new Date(now * 1000).toISOString()
  if (now < NO_EARLIER) {
    return bad('clock', `it says ${shown}`, 'set it: every request would be outside the window')
  }
  const floor = state('nonce_floor') ?? 0
  if (floor > now) {
    return bad(
      'clock',
      `it says ${shown}, but nonces were removed up to ${showSpan(floor - now)} later: a clock was ahead`,
      'requests are rejected as too old until the clock reaches that time. If the clock is right now (timedatectl), wait',
    )
  }
  const created = Number(value('select max(created) from mac_credentials') ?? 0)
  if (created > now + 60) {
    const text = `it says ${shown}, but a credential was created ${showSpan(created - now)} later`
    return bad(
      'clock',
      text,
      'this clock is behind, or the clock of another machine was ahead: check both with timedatectl',
    )
  }
  return good('clock', `it says ${shown}`)
}

/** Less free space than this is a problem, in bytes. */
const LITTLE_SPACE = 100_000_000
const SUFFIXES = ['', '-wal', '-shm']

/** Checks the file of the database, and the two files that SQLite creates next to it. */
function fileFindings(path: string): Finding[] {
  return [size(path), ...mode(path), ...owner(path), writable(path), ...space(path)]
}

function size(path: string): Finding {
  return good('file', `${path}, ${bytes(statSync(path).size)}`)
}

function existingFiles(path: string) {
  return SUFFIXES.map((end) => path + end).flatMap((name) => {
    const stat = statSync(name, { throwIfNoEntry: false })
    return stat === undefined ? [] : [{ name, stat }]
  })
}

function mode(path: string): Finding[] {
  // Windows has no such modes.
  if (process.platform === 'win32') return []
  const open = existingFiles(path).filter(({ stat }) => (stat.mode & 0o077) !== 0)
  if (open.length === 0) return [good('mode', 'only for its owner')]
  const names = open.map(({ name, stat }) => `${name} (${(stat.mode & 0o777).toString(8)})`)
  return [
    bad(
      'mode',
      `other users can open ${names.join(', ')}, and so the keys`,
      `chmod 600 ${open.map(({ name }) => name).join(' ')}`,
    ),
  ]
}

function owner(path: string): Finding[] {
  const uid = process.getuid?.()
  if (uid === undefined) return []
  const [main, ...beside] = existingFiles(path)
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
      `user ${main.stat.uid}, but you are user ${uid}`,
      'run this command as the user that runs the server, to see what the server sees',
    ),
  ]
}

/** Checks that file and folder are writable: SQLite creates files next to the database. */
function writable(path: string): Finding {
  for (const name of [path, dirname(path)]) {
    try {
      accessSync(name, constants.W_OK)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EROFS') {
        const text = `${name} is on a file system that is mounted read-only`
        return bad('writable', text, 'mount it writable: each request writes its nonce')
      }
      return bad(
        'writable',
        `you cannot write to ${name}`,
        `allow the user that runs the server to write there (chown, chmod)`,
      )
    }
  }
  return good('writable', 'file and folder')
}

function space(path: string): Finding[] {
  // Not every runtime and file system reports free space.
  const free = attempt(() => {
    const { bavail, bsize } = statfsSync(dirname(path))
    return bavail * bsize
  })
  if (free === null || !(free > 0)) return []
  if (free >= LITTLE_SPACE) return [good('disk', `${bytes(free)} free`)]
  return [
    bad(
      'disk',
      `only ${bytes(free)} free; if the disk is full, every request gets a 503`,
      'free some space',
    ),
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
