import { type Kysely, sql } from 'kysely'
import type { Guard } from '../guard.ts'
import type { MacDatabase } from '../schema.ts'
import { emptyLog } from './empty-log.ts'
import { resealRows } from './reseal-rows.ts'
import type { KeySealer } from './sealer.ts'

/** How far `reseal` has come, in credentials. */
export interface ResealProgress {
  readonly done: number
  /** How many there were to do when it began. */
  readonly total: number
}

/** The options of `reseal`. */
export interface ResealOptions {
  /** Is told after each batch, and at the end. What it throws ends the work. */
  readonly onProgress?: ((progress: ResealProgress) => void) | undefined
  /**
   * Rewrites the whole file at the end (SQLite's `VACUUM`): without that, copies of keys as they were may
   * be left between its rows. Nothing else can be written meanwhile, which takes about a second for each
   * 100 MB, so that servers may answer 503. Default: `true`, and `false` in a Kysely of your own, whose
   * other tables it would rewrite as well.
   */
  readonly vacuum?: boolean | undefined
}

/** What `reseal` came to. */
export interface Resealed {
  /** The key id of the sealing key that they are all under now. */
  readonly sealedBy: string
  /** How many credentials had a key that was not sealed by it; it is now. */
  readonly resealed: number
  /**
   * The identifiers of credentials whose keys cannot be opened, and are left as they were. Only keys that
   * were not under the current sealing key are looked at: one that was, and has been damaged, is not
   * among them. `withmac doctor` opens all of them.
   */
  readonly unopened: readonly string[]
  /**
   * Whether the write-ahead log was emptied, in which keys stand as they were before. `false` where
   * somebody was reading all the time: then do it once more.
   */
  readonly logEmptied: boolean
}

/** What it works with. */
export interface ResealParts {
  readonly db: Kysely<MacDatabase>
  readonly sealer: KeySealer
  readonly guarded: Guard
  /** The same, for what may take its time. */
  readonly patient: Guard
  /** Whether the file is rewritten where the options do not say. */
  readonly vacuum: boolean
}

/**
 * Brings all keys under the current sealing key: see `Mac.reseal`. Those that are said to be under it
 * already are left unread.
 */
export async function reseal(
  { db, sealer, guarded, patient, vacuum: usually }: ResealParts,
  { onProgress = () => {}, vacuum = usually }: ResealOptions,
): Promise<Resealed> {
  const { current } = sealer
  if (current === null) {
    throw new TypeError(
      'withmac: reseal needs a sealing key: set MAC_SEALING_KEY, or the option sealingKey. ' +
        'openssl rand -base64 32 makes one.',
    )
  }
  const rows = await resealRows(db, guarded, { ...sealer, current }, onProgress)
  if (vacuum) await patient(() => sql`vacuum`.execute(db))
  const logEmptied = await patient(() => emptyLog(db))
  return Object.freeze({ sealedBy: current, ...rows, logEmptied })
}
