import type { MacVerdict } from '../types.ts'
import { CHANNELS } from './channels.ts'

const { accepted, rejected } = CHANNELS

/** Tells what verifications came to. */
export interface VerdictTeller {
  /** When a verification begins; `null` where nobody listens, and then the clock is not read. */
  begin(): number | null
  /** Publishes a verdict. Called once for a request, when nothing can change it any more. */
  end(verdict: MacVerdict, begun: number | null): void
}

/** @param database What the database is called in messages. */
export function verdictTeller(database: string): VerdictTeller {
  return {
    begin: () => (accepted.hasSubscribers || rejected.hasSubscribers ? performance.now() : null),
    end(verdict, begun) {
      if (begun === null) return
      const milliseconds = performance.now() - begun
      if (verdict.ok) {
        if (!accepted.hasSubscribers) return
        accepted.publish({ database, identity: verdict.identity, milliseconds })
      } else if (rejected.hasSubscribers) {
        const { id, error } = verdict
        rejected.publish({ database, code: error.code, status: error.status, id, milliseconds })
      }
    },
  }
}
