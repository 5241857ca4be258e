import { CompiledQuery, type Kysely } from 'kysely'
import { MacError } from '../../errors.ts'
import type { MacDatabase } from '../schema.ts'
import type { KeySealer } from './sealer.ts'

/** A sealing key that the database needs, and of how many credentials it sealed a key. */
export interface SealingUse {
  /** Its key id; `null` for keys that are not sealed. */
  readonly by: string | null
  readonly credentials: number
}

/** The query that gives what keys in the database were sealed by, as {@link SealingUse}. */
export function sealingUses(condition = 'true'): string {
  return `select "by", count(distinct id) as credentials from (
      select id, key_sealed_by as "by" from mac_credentials union all
      select id, old_sealed_by from mac_credentials where old_key is not null
    ) where ${condition} group by "by" order by credentials desc`
}

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
  const others = `"by" is not null and "by" not in (${ids.map(() => '?').join(', ')})`
  const query = CompiledQuery.raw(sealingUses(others), [...ids])
  const { rows: missing } = await db.executeQuery<SealingUse>(query)
  if (missing.length === 0) return
  const which = missing.map(({ by, credentials }) => {
    const many = Number(credentials)
    return many === 1 ? `${by} (1 credential)` : `${by} (${many} credentials)`
  })
  const are = missing.length === 1 ? 'a sealing key that was' : 'sealing keys that were'
  const set =
    missing.length + ids.length === 1
      ? 'that key'
      : 'all of the keys, separated by commas, the one first that is to seal'
  const onDeno =
    process.versions.deno === undefined ? '' : ', and on Deno run with --allow-env=MAC_SEALING_KEY'
  throw new MacError(
    'ERR_MAC_SEALED',
    `${name} holds MAC keys sealed by ${are} not given: ${which.join(', ')}. ` +
      `${ids.length === 0 ? 'None was given.' : `Given: ${ids.join(', ')}.`} ` +
      `Set MAC_SEALING_KEY, or the option sealingKey, to ${set}${onDeno}.`,
  )
}
