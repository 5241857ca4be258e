import { Database } from 'bun:sqlite'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Kysely } from 'kysely'
import { createMac } from '../../../src/index.ts'
import { openSqlite } from '../../../src/store/drivers/choose-driver.ts'
import { MIGRATIONS } from '../../../src/store/migrations.ts'
import type { MacDatabase } from '../../../src/store/schema.ts'
import { MADE } from '../../store/earlier/content.ts'
import type { Random } from '../random.ts'
import { type Acknowledgement, keyOf, MOST_KEYS, REVOKED, SEALING_KEYS } from './acknowledged.ts'
import type { Image } from './disk.ts'
import type { Acknowledged } from './judge.ts'

/** The files on disk before processes start, and what was acknowledged before. */
export interface Beginning {
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly acknowledged: Acknowledged | readonly Acknowledgement[]
  /** Credentials for requests. Their first key is valid. */
  readonly credentials: readonly string[]
  /** Where the clock continues, in seconds since 1970. */
  readonly clock: number
  /** A prefix for new names, so that they differ from earlier ones. */
  readonly prefix: string
}

/** A folder without a database. */
export const NOTHING: Beginning = {
  ...{ files: new Map(), acknowledged: [], credentials: [], clock: 1_800_000_000, prefix: '' },
}

/** @returns The files that a power cut left, for a machine that starts again. */
export function afterCut({ files }: Image, acknowledged: Acknowledged): Beginning {
  const credentials = [...acknowledged.credentials].flatMap(([id, { reached }]) =>
    id.endsWith('-steady') && reached === 1 ? [id] : [],
  )
  return { files, acknowledged, credentials, clock: acknowledged.latest, prefix: 'again-' }
}

const EARLIER = join(import.meta.dir, '../../store/earlier')

/** Makes a database of an earlier version with valid nonces, and with its log if it was not closed. */
export async function earlierVersion(root: string, random: Random): Promise<Beginning> {
  const folder = mkdtempSync(join(root, 'earlier-'))
  const path = join(folder, 'mac.db')
  const version = random.pick([1, 2, 3, 4, 4])
  copyFileSync(join(EARLIER, `version-${Math.min(version, 3)}.db`), path)
  if (version === 4) await migrateTo(path, version)
  const acknowledged: Acknowledgement[] = []
  const database = new Database(path)
  database.run('pragma journal_mode = wal')
  database.run('begin')
  const credentials: string[] = []
  for (let number = 0; number < 30; number++) {
    const id = `old-${number}`
    const keys = version === 4 ? random.between(1, MOST_KEYS) : 1
    const isRevoked = random.chance(0.3)
    database.run(
      'insert into mac_credentials (id, user, key, algorithm, created, revoked) values (?, ?, ?, ?, ?, ?)',
      [id, 'ada', keyOf(id, keys).key, 'hmac-sha-256', MADE, isRevoked ? MADE : null],
    )
    if (keys > 1) {
      database.run('update mac_credentials set key_number = ?, rotated = ? where id = ?', [
        ...[keys, MADE, id],
      ])
    }
    const stage = isRevoked ? REVOKED : keys
    acknowledged.push({ id, asked: stage }, { id, reached: stage })
    if (stage === 1) credentials.push(id)
  }
  const nonces = random.pick([0, 40, 600, 2000])
  for (let number = 0; number < nonces && credentials.length > 0; number++) {
    const [id, ts, nonce] = [random.pick(credentials), MADE - random.between(0, 8), `n${number}`]
    database.run('insert into mac_nonces (ts, credential, nonce) values (?, ?, ?)', [ts, id, nonce])
    acknowledged.push({ id, ts, nonce })
  }
  if (version > 1 && random.chance(0.3)) {
    // As with `durability: 'normal'`: everything that was written up to this mark may be lost.
    database.run("update mac_state set value = 7 where name = 'boot'")
    database.run("update mac_state set value = ? where name = 'high_water'", [MADE - 4])
  }
  database.run('commit')
  const files = random.chance(0.5) ? filesOf(path) : null
  database.close()
  const all = files ?? filesOf(path)
  rmSync(folder, { recursive: true })
  return { files: all, acknowledged, credentials, clock: MADE, prefix: '' }
}

async function migrateTo(path: string, version: number): Promise<void> {
  const { dialect } = await openSqlite(path, 'own')
  const db = new Kysely<MacDatabase>({ dialect })
  for (const step of MIGRATIONS[version - 1] ?? []) {
    await (typeof step === 'function' ? step(db) : step.execute(db))
  }
  await db.insertInto('mac_schema').values({ version }).execute()
  await db.destroy()
}

/** How many credentials to seal: several batches. */
const TO_SEAL = 230
const made = new Map<boolean, Promise<Beginning>>()

/** @returns A database with many keys. They are sealed with the second sealing key, or not sealed. */
export function toReseal(root: string, random: Random): Promise<Beginning> {
  const isSealed = random.chance(0.5)
  const beginning = made.get(isSealed) ?? manyKeys(root, isSealed)
  made.set(isSealed, beginning)
  return beginning
}

async function manyKeys(root: string, isSealed: boolean): Promise<Beginning> {
  const folder = mkdtempSync(join(root, 'sealed-'))
  const path = join(folder, 'mac.db')
  const { clock } = NOTHING
  const mac = createMac({
    ...{ database: `sqlite:${path}`, sealingKey: isSealed ? SEALING_KEYS[1] : null },
    now: () => clock,
  })
  const acknowledged: Acknowledgement[] = []
  const credentials: string[] = []
  for (let number = 0; number < TO_SEAL; number++) {
    const id = `old-${number}`
    await mac.createCredential('ada', { ...keyOf(id, 1), expires: null })
    const stage = number % 5 === 0 ? 2 : 1
    // The key before stays valid for a while.
    if (stage === 2) await mac.rotateCredential(id, { ...keyAlone(id, 2), graceSeconds: 1000 })
    else credentials.push(id)
    acknowledged.push({ id, asked: stage }, { id, reached: stage })
  }
  await mac.close()
  const files = filesOf(path)
  rmSync(folder, { recursive: true })
  return { ...NOTHING, files, acknowledged, credentials }
}

function keyAlone(id: string, number: number): { key: string } {
  return { key: keyOf(id, number).key }
}

function filesOf(path: string): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  for (const end of ['', '-wal']) {
    if (existsSync(path + end)) files.set(`mac.db${end}`, readFileSync(path + end))
  }
  return files
}
