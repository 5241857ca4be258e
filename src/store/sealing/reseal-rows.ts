import { setImmediate } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { type KeyRow, keyPlace, oldKeyPlace, openKey, openOldKey } from '../credential-row.ts'
import type { Guard } from '../guard.ts'
import { immediately } from '../immediately.ts'
import type { MacDatabase } from '../schema.ts'
import type { ResealProgress } from './reseal.ts'
import { ResealRivals } from './reseal-rivals.ts'
import type { KeySealer } from './sealer.ts'
import { securely } from './secure-delete.ts'

/** How many credentials are sealed in one transaction: it takes some milliseconds. */
const BATCH = 100

/** What the work came to. */
export interface ResealedRows {
  /** How many credentials were brought under the current sealing key. */
  readonly resealed: number
  /** The identifiers of those whose keys cannot be opened. */
  readonly unopened: readonly string[]
}

/**
 * Brings all keys, also old ones, under the current sealing key: credential by credential in the order of
 * their identifiers, a batch in a short transaction. What has been done stays done, so the work may end
 * at any moment and begin again. A credential that is changed meanwhile is left to another round.
 *
 * @throws {@link MacError} `ERR_MAC_SEALED` where others undo the work, or add to it without end.
 */
export async function resealRows(
  db: Kysely<MacDatabase>,
  guard: Guard,
  sealer: KeySealer & { readonly current: string },
  tell: (progress: ResealProgress) => void,
): Promise<ResealedRows> {
  const total = await guard(() => countUndone(db, sealer.current))
  const rivals = new ResealRivals(sealer.current)
  const unopened = new Set<string>()
  let resealed = 0
  let looked = 0
  /** Gives how many credentials could be sealed anew: after a round without any, all is done. */
  const round = async () => {
    let able = 0
    rivals.nextRound()
    for (let after: string | null = null; ; ) {
      const rows = await guard(() => undone(db, sealer.current, after))
      const last = rows.at(-1)
      if (last === undefined) return able
      after = last.id
      rivals.checkUndoing(rows)
      const sealed = rows.flatMap((row) => sealedAnew(row, sealer, unopened))
      rivals.checkEnd(sealed.map(({ before }) => before))
      const written = await guard(() => write(db, sealed))
      rivals.note(written)
      resealed += written.length
      able += sealed.length
      looked += rows.length
      tell({ done: Math.min(looked, total), total })
      // Requests come first.
      await setImmediate()
    }
  }
  while ((await round()) > 0);
  tell({ done: total, total })
  return { resealed, unopened: [...unopened] }
}

/** The condition that a credential has a key which is not sealed by that sealing key. */
function undoneRows(db: Kysely<MacDatabase>, current: string) {
  return db
    .selectFrom('mac_credentials')
    .where((where) =>
      where.or([
        where('key_sealed_by', 'is distinct from', current),
        where.and([
          where('old_key', 'is not', null),
          where('old_sealed_by', 'is distinct from', current),
        ]),
      ]),
    )
}

async function countUndone(db: Kysely<MacDatabase>, current: string): Promise<number> {
  const query = undoneRows(db, current).select((build) => build.fn.countAll().as('count'))
  return Number((await query.executeTakeFirstOrThrow()).count)
}

function undone(db: Kysely<MacDatabase>, current: string, after: string | null): Promise<KeyRow[]> {
  let query = undoneRows(db, current).select([
    ...(['id', 'algorithm', 'key', 'key_sealed_by', 'key_number'] as const),
    ...(['old_key', 'old_algorithm', 'old_sealed_by'] as const),
  ])
  if (after !== null) query = query.where('id', '>', after)
  return query.orderBy('id').limit(BATCH).execute()
}

interface Change {
  readonly before: KeyRow
  readonly after: Pick<KeyRow, 'key' | 'key_sealed_by' | 'old_key' | 'old_sealed_by'>
}

/** A row with its keys under the current sealing key; none where they cannot be opened. */
function sealedAnew(before: KeyRow, sealer: KeySealer, unopened: Set<string>): Change[] {
  try {
    const key = sealer.seal(openKey(before, sealer), keyPlace(before))
    const opened = openOldKey(before, sealer)
    const old = opened === null ? null : sealer.seal(opened, oldKeyPlace(before))
    const after = { key: key.text, key_sealed_by: key.by }
    return [
      { before, after: { ...after, old_key: old?.text ?? null, old_sealed_by: old?.by ?? null } },
    ]
  } catch {
    unopened.add(before.id)
    return []
  }
}

/** Writes changes of credentials that are still what they were; gives what these were. */
function write(db: Kysely<MacDatabase>, changes: readonly Change[]): Promise<KeyRow[]> {
  if (changes.length === 0) return Promise.resolve([])
  return immediately(db, (locked) =>
    securely(locked, async () => {
      const written: KeyRow[] = []
      for (const { before, after } of changes) {
        const { numUpdatedRows } = await locked
          .updateTable('mac_credentials')
          .set(after)
          .where('id', '=', before.id)
          .where('key', '=', before.key)
          .where('key_sealed_by', 'is not distinct from', before.key_sealed_by)
          .where('old_key', 'is not distinct from', before.old_key)
          .where('old_sealed_by', 'is not distinct from', before.old_sealed_by)
          .executeTakeFirst()
        if (Number(numUpdatedRows) > 0) written.push(before)
      }
      return written
    }),
  )
}
