import type { MacVerdict } from '../types.ts'
import { CHANNELS } from './channels.ts'

const { accepted, rejected } = CHANNELS

/** Publishes the verdicts on requests. */
export interface VerdictTeller {
  /** Returns the start time of a verification; `null` if there is no listener. Then the clock is not read. */
  begin(): number | null
  /** Publishes a verdict. Called once for each request, when the verdict is final. */
  end(verdict: MacVerdict, begun: number | null): void
}

/** @param database The database's name in messages. */
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
