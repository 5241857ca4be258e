import { CHANNELS } from './channels.ts'
import type { MacPruned } from './messages.ts'

const { batch, pruned, rotated } = CHANNELS

type RecordBatch<Nonce, Recorded> = (
  nonces: readonly Nonce[],
) => readonly Recorded[] | Promise<readonly Recorded[]>

/**
 * Wraps `record` so that each recorded batch is published.
 *
 * @param database The database's name in messages, here and below.
 */
export function tellingBatches<Nonce, Recorded extends { readonly verdict: string }>(
  database: string,
  record: RecordBatch<Nonce, Recorded>,
): RecordBatch<Nonce, Recorded> {
  return (nonces) => {
    if (!batch.hasSubscribers) return record(nonces)
    const begun = performance.now()
    const tell = (all: readonly Recorded[]) => {
      const milliseconds = performance.now() - begun
      const added = all.filter(({ verdict }) => verdict === 'new').length
      batch.publish({ database, size: nonces.length, added, milliseconds })
      return all
    }
    const recorded = record(nonces)
    return recorded instanceof Promise ? recorded.then(tell) : tell(recorded)
  }
}

/**
 * Calls `remove`, and publishes the removal if something was removed.
 *
 * @param remove Returns how many it removed.
 */
export async function tellingRemoval(
  database: string,
  what: MacPruned['what'],
  remove: () => Promise<number>,
): Promise<number> {
  if (!pruned.hasSubscribers) return remove()
  const begun = performance.now()
  const removed = await remove()
  const milliseconds = performance.now() - begun
  if (removed > 0) pruned.publish({ database, what, removed, milliseconds })
  return removed
}

/** Publishes a rotation. */
export function tellRotated(
  database: string,
  credential: {
    readonly id: string
    readonly user: string
    readonly keyNumber: number
    readonly oldKey: { readonly graceEnds: Date } | null
  },
): void {
  if (!rotated.hasSubscribers) return
  const { id, user, keyNumber, oldKey } = credential
  rotated.publish({ database, id, user, keyNumber, graceEnds: oldKey?.graceEnds ?? null })
}
