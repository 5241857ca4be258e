import { type Kysely, sql } from 'kysely'
import { MacError } from '../../errors.ts'
import type { MacDatabase } from '../schema.ts'
import type { KeySealer } from './sealer.ts'

/**
 * Looks whether all keys in the database can be opened, as far as their key ids tell: a server that
 * could verify some of its callers alone should not begin to serve.
 *
 * @param name What the operator knows the database by.
 * @throws {@link MacError} `ERR_MAC_SEALED`
 */
export async function checkSealed(
  db: Kysely<MacDatabase>,
  { ids }: KeySealer,
  name: string,
): Promise<void> {
  const given = sql.join(ids)
  const strange = sql`select 1 from mac_credentials
    where (key_sealed_by is not null and key_sealed_by not in (${given}))
      or (old_sealed_by is not null and old_sealed_by not in (${given})) limit 1`
  if ((await strange.execute(db)).rows.length === 0) return
  const missing = (await sealingKeysIn(db)).filter(({ by }) => by !== null && !ids.includes(by))
  if (missing.length > 0) throw missingKeys(missing, ids, name)
}

/** A sealing key that the database needs, and of how many credentials it sealed a key. */
export interface SealingUse {
  /** Its key id; `null` for keys that are not sealed. */
  readonly by: string | null
  readonly credentials: number
}

/** What all keys in the database were sealed by. */
export async function sealingKeysIn(db: Kysely<MacDatabase>): Promise<SealingUse[]> {
  const { rows } = await sql<SealingUse>`${sql.raw(SEALING_USES)}`.execute(db)
  return rows.map(({ by, credentials }) => ({ by, credentials: Number(credentials) }))
}

/** The query behind {@link sealingKeysIn}. */
export const SEALING_USES = `select "by", count(distinct id) as credentials from (
    select id, key_sealed_by as "by" from mac_credentials union all
    select id, old_sealed_by from mac_credentials where old_key is not null
  ) group by "by" order by credentials desc`

function missingKeys(
  missing: readonly SealingUse[],
  given: readonly string[],
  name: string,
): MacError {
  const which = missing.map(({ by, credentials }) => `${by} (${many(credentials)})`).join(', ')
  const are = missing.length === 1 ? 'a sealing key that was' : 'sealing keys that were'
  const set =
    missing.length + given.length === 1
      ? 'that key'
      : 'all of the keys, separated by commas, the one first that is to seal'
  const onDeno =
    process.versions.deno === undefined ? '' : ', and on Deno run with --allow-env=MAC_SEALING_KEY'
  return new MacError(
    'ERR_MAC_SEALED',
    `${name} holds MAC keys sealed by ${are} not given: ${which}. ` +
      `${given.length === 0 ? 'None was given.' : `Given: ${given.join(', ')}.`} ` +
      `Set MAC_SEALING_KEY, or the option sealingKey, to ${set}${onDeno}.`,
  )
}

function many(credentials: number): string {
  return credentials === 1 ? '1 credential' : `${credentials} credentials`
}
