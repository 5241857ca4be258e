import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Kysely } from 'kysely'
import { showSpan } from '../moments.ts'
import type { DatabaseSource, DatabaseUrl } from '../store/database-url.ts'
import type { SqliteHandle } from '../store/drivers/sqlite-handle.ts'
import { ENTRY_BYTES } from '../store/journal-entries.ts'
import { SCHEMA_VERSION, TRIGGER_NAMES } from '../store/migrations.ts'
import type { NonceSource } from '../store/nonce-source.ts'
import type { MacDatabase } from '../store/schema.ts'
import type { KeySealer } from '../store/sealing/sealer.ts'
import { isBusy, reasonOf } from '../store/store-failure.ts'
import { credentialFindings } from './credentials.ts'
import { bytes, fileFindings } from './file.ts'
import { bad, type Finding, good, note } from './finding.ts'
import {
  type Inspected,
  inspectedKysely,
  JOURNAL,
  noncesPlace,
  runtimeName,
  sqliteDriver,
  withInspected,
} from './inspect.ts'
import { sealingFindings } from './sealing.ts'

/** How to check a database. */
export interface DoctorOptions {
  /** Returns what opens the keys. Default: `MAC_SEALING_KEY`. */
  readonly sealer?: () => KeySealer | Promise<KeySealer>
  /**
   * Larger files are not read as a whole, because that holds up everything else in this process, such as
   * requests. Default: no limit.
   */
  readonly mostBytes?: number
  /** Where the servers keep nonces, if not in the database. */
  readonly nonces?: NonceSource | null
}

/**
 * Checks a database. It changes nothing, and does not fail: a failure is a finding.
 *
 * Of the caller's Kysely on SQLite it checks only what queries can tell. It does *not* know the file, and does
 * not take the write lock on the caller's connection. One finding says so.
 */
export async function databaseFindings(
  database: DatabaseSource,
  options: DoctorOptions = {},
): Promise<Finding[]> {
  const { nonces = null } = options
  const found = await engineFindings(database, options)
  if (nonces === null) return found
  const { redisFindings } = await import('./redis.ts')
  return [...found, ...(await redisFindings(nonces))]
}

async function engineFindings(
  database: DatabaseSource,
  options: DoctorOptions,
): Promise<Finding[]> {
  if ('path' in database) return sqliteUrlFindings(database, options)
  if ('kysely' in database && database.language === 'sqlite') {
    return kyselyFindings(database.kysely, options)
  }
  const { postgresFindings } = await import('./postgres.ts')
  return postgresFindings(database, async (inspected) => {
    const now = Math.floor(Date.now() / 1000)
    return [
      ...(await credentialFindings(inspected, SCHEMA_VERSION, now)),
      ...(await sealingFindings(inspected, options.sealer)),
      ...(await placeFindings(inspected, options)),
    ]
  })
}

/** Compares where nonces are kept with what this process was told. */
async function placeFindings(
  inspected: Inspected,
  { nonces = null }: DoctorOptions,
): Promise<Finding[]> {
  const place = await noncesPlace(inspected)
  if (place === 'redis' && nonces === null) {
    return [
      bad(
        'place',
        'the servers keep nonces in Redis, which was not checked: the option nonces and MAC_NONCES_URL are not set here',
        'to check Redis too: ',
        { command: 'doctor', options: '--nonces URL' },
        '; a server without this option rejects every request',
      ),
    ]
  }
  if (place === 'database' && nonces !== null) {
    return [
      note(
        'place',
        'nonces are in the database. The first request at a server with the option nonces moves them to Redis; servers without it then reject every request',
        'give all servers the same option nonces, or the same MAC_NONCES_URL',
      ),
    ]
  }
  return []
}

async function sqliteUrlFindings(
  database: DatabaseUrl,
  options: DoctorOptions,
): Promise<Finding[]> {
  const { path, driver } = database
  const runtime = good(
    'runtime',
    `${runtimeName()}, ${await sqliteDriver(driver)}, on ${process.platform}`,
  )
  if (path === null) return [runtime, note('file', IN_MEMORY)]
  return [runtime, ...(await sqliteFindings({ path: resolve(path), driver }, options))]
}

const IN_MEMORY = 'none: a database in memory begins empty, and is lost when its process ends'

async function sqliteFindings(
  database: DatabaseUrl & { readonly path: string },
  options: DoctorOptions,
): Promise<Finding[]> {
  const { path } = database
  const findings: Finding[] = []
  try {
    const { size } = statSync(path)
    findings.push(...fileFindings(path))
    return await withInspected(database, async (inspected, handle) => [
      ...findings,
      ...(await contentFindings(inspected, options, { handle, path, size })),
    ])
  } catch (error) {
    const text = `it cannot be opened: ${reasonOf(error, path)}`
    const advice =
      'is it a SQLite database, and may this user read and write it? See "mode" and "owner" above'
    return [...findings, bad('content', text, advice)]
  }
}

async function kyselyFindings(
  own: Kysely<MacDatabase>,
  options: DoctorOptions,
): Promise<Finding[]> {
  const findings = [
    good('runtime', `${runtimeName()}, your own Kysely, on ${process.platform}`),
    note(
      'file',
      'not known, because this is your own Kysely: not checked are its mode, its owner, the disk, the journal mode, damage, and whether rows can be written',
      'to check these, run this as the user of the server, with the path of its file: ',
      { command: 'doctor', options: '--database FILE' },
    ),
  ]
  try {
    return [...findings, ...(await contentFindings(inspectedKysely(own), options, null))]
  } catch (error) {
    const advice = 'does this Kysely still work, and does it use SQLite?'
    return [...findings, bad('content', `it cannot be read: ${reasonOf(error, null)}`, advice)]
  }
}

/** The start of 2025. A clock that shows an earlier time is wrong: this version did not exist then. */
const NO_EARLIER = 1_735_689_600

/** The first schema version that has columns for sealing. */
const SEALING = 4
/** The first schema version in which the triggers have their present names. */
const TRIGGERS = 3

/** A file that is open. */
interface OpenFile {
  readonly handle: SqliteHandle
  readonly path: string
  /** In bytes. */
  readonly size: number
}

/** Checks the content of a database. `file` is `null` for the caller's Kysely. */
async function contentFindings(
  database: Inspected,
  options: DoctorOptions,
  file: OpenFile | null,
): Promise<Finding[]> {
  const now = Math.floor(Date.now() / 1000)
  const version = await schemaVersion(database)
  if (version === null) {
    return [
      bad(
        'tables',
        'the tables of withmac are missing',
        'create the tables: ',
        { command: 'init' },
        '; or use the right file: --database, MAC_DATABASE_URL',
      ),
    ]
  }
  const findings: Finding[] = []
  if (file !== null) {
    findings.push(await journal(database), await integrity(database, file.size, options))
  }
  findings.push(schema(version))
  if (version >= TRIGGERS) findings.push(await triggers(database))
  if (file !== null) findings.push(lock(file))
  if (version > SCHEMA_VERSION) return findings
  findings.push(...(await credentialFindings(database, version, now)))
  if (version >= SEALING) {
    findings.push(...(await sealingFindings(database, options.sealer)))
  }
  return [
    ...findings,
    await nonces(database, version),
    ...(version >= JOURNAL ? await placeFindings(database, options) : []),
    await clock(database, now),
  ]
}

async function schemaVersion({ value }: Inspected): Promise<number | null> {
  if ((await value("select 1 from sqlite_master where name = 'mac_schema'")) === undefined)
    return null
  return Number((await value('select max(version) from mac_schema')) ?? 0)
}

async function journal({ value }: Inspected): Promise<Finding> {
  const mode = String(await value('pragma journal_mode'))
  if (mode === 'wal') return good('journal', 'write-ahead log')
  const text = `the journal mode is ${mode}, not wal`
  return note(
    'journal',
    text,
    'a server sets it when it opens the database: has one ever opened it?',
  )
}

/** @param size The size of the file, in bytes: SQLite reads all of it. */
async function integrity(
  { value }: Inspected,
  size: number,
  { mostBytes = Number.POSITIVE_INFINITY }: DoctorOptions,
): Promise<Finding> {
  if (size > mostBytes) {
    const text = `not checked here: to read ${bytes(size)} would hold up requests`
    return note('integrity', text, 'to check it in a process of its own: ', { command: 'doctor' })
  }
  const verdict = String(await value('pragma quick_check(1)'))
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
    'a server of this version, or any command but doctor, migrates it, such as ',
    { command: 'list' },
    '; servers of earlier versions then answer 503 until they are updated',
  )
}

async function triggers({ rows }: Inspected): Promise<Finding> {
  const there = new Set(
    (await rows("select name from sqlite_master where type = 'trigger'")).map(({ name }) => name),
  )
  const missing = TRIGGER_NAMES.filter((name) => !there.has(name))
  if (missing.length === 0) return good('triggers', 'all three exist')
  const are = missing.length === 1 ? 'is' : 'are'
  return bad(
    'triggers',
    `${missing.join(', ')} ${are} missing: running servers would not notice a revoked credential`,
    'restart the servers, or run ',
    { command: 'init' },
    ': both create them again',
  )
}

/** Checks that the write lock is free and that a row can be written. The write is rolled back. */
function lock({ handle, path }: OpenFile): Finding {
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

async function nonces({ value, state }: Inspected, version: number): Promise<Finding> {
  const count =
    version < JOURNAL
      ? 'select count(*) from mac_nonces'
      : `select total(length(entries)) / ${ENTRY_BYTES} from mac_nonce_log`
  const text = `${Number(await value(count))} stored`
  if ((await state('halted')) !== 1) return good('nonces', text)
  return bad(
    'nonces',
    `${text}; a sync of the write-ahead log failed, so every request gets a 503`,
    'stop all processes that use this database, check the disk, and start them again',
  )
}

/** Compares the clock of this machine with the times in the database. */
async function clock({ value, state }: Inspected, now: number): Promise<Finding> {
  const shown = new Date(now * 1000).toISOString()
  if (now < NO_EARLIER) {
    return bad('clock', `it says ${shown}`, 'set it: every request would be outside the window')
  }
  const floor = (await state('nonce_floor')) ?? 0
  if (floor > now) {
    return bad(
      'clock',
      `it says ${shown}, but nonces were removed up to ${showSpan(floor - now)} later: a clock was ahead`,
      'requests are rejected as too old until the clock reaches that time. If the clock is right now (timedatectl), wait',
    )
  }
  const created = Number((await value('select max(created) from mac_credentials')) ?? 0)
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
