import { type Kysely, sql } from 'kysely'
import { MacError } from '../../errors.ts'
import type { MacDatabase } from '../schema.ts'
import type { KeySealer } from './sealer.ts'

/** A sealing key that the database needs, and the number of credentials with a key that it sealed. */
export interface SealingUse {
  /** Its key id; `null` for keys that are not sealed. */
  readonly by: string | null
  readonly credentials: number
}

/** The query for the sealing keys that the database needs. Its rows are {@link SealingUse}. */
export const SEALING_USES = `select "by", count(distinct id) as credentials from (
    select id, key_sealed_by as "by" from mac_credentials union all
    select id, old_sealed_by from mac_credentials where old_key is not null
  ) as keys group by "by" order by credentials desc`

/**
 * Checks that all sealing keys that the database needs were given. A server that could verify only some of
 * its clients must not start. It compares key ids, and does *not* open the keys.
 *
 * @param name The database's name in the error message.
 * @throws {@link MacError} `ERR_MAC_SEALED` if a sealing key is missing.
 */
export async function checkSealed(
  db: Kysely<MacDatabase>,
  { ids }: KeySealer,
  name: string,
): Promise<void> {
  const { rows } = await sql.raw<SealingUse>(SEALING_USES).execute(db)
  const missing = rows.filter(({ by }) => by !== null && !ids.includes(by))
  if (missing.length === 0) return
  const which = missing.map(({ by, credentials }) => {
    const many = Number(credentials)
    return many === 1 ? `${by} (1 credential)` : `${by} (${many} credentials)`
  })
  const are = missing.length === 1 ? 'a sealing key that was' : 'sealing keys that were'
  const set =
    missing.length + ids.length === 1
      ? 'that key'
      : 'all of these keys, separated by commas, and the one that seals first'
  const onDeno =
    process.versions.deno === undefined ? '' : ', and on Deno run with --allow-env=MAC_SEALING_KEY'
  throw new MacError(
    'ERR_MAC_SEALED',
    `${name} has MAC keys sealed by ${are} not given: ${which.join(', ')}. ` +
      `${ids.length === 0 ? 'None was given.' : `Given: ${ids.join(', ')}.`} ` +
      `Set MAC_SEALING_KEY, or the option sealingKey, to ${set}${onDeno}.`,
  )
}
