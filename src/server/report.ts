import { randomUUID } from 'node:crypto'
import type { MacError } from '../errors.ts'
import type { Explanation, SeenRequest } from '../explain/explanation.ts'
import type { CheckSettings } from '../settings.ts'
import type { StoredCredential } from '../store/types.ts'
import { currentSeconds } from './clock.ts'
import { appliedOffset } from './freshness.ts'
import type { RawTarget } from './raw-target.ts'
import { seenBy } from './seen-request.ts'
import type { Verifier } from './verify.ts'

/** What `onReject` is told of a refusal besides the error. Nothing of it is computed unasked. */
export interface MacReport {
  /** Twelve random digits, hexadecimal ones; the body of the answer carries the same. */
  readonly reference: string
  /**
   * Tells what is wrong with the request, and what to change. It looks the credential up and tries the
   * usual mistakes, which takes some tenths of a second of computing at the worst: ask for it where
   * strangers cannot make you ask often. Never rejects; `null` where the credential cannot be looked up.
   */
  explain(): Promise<Explanation | null>
  /**
   * The request as it was seen: what `withmac explain` reads, and so what to log. It holds the
   * `Authorization` header, with a MAC that may still be good: of a request refused for its timestamp
   * or its origin, for example. Keep it where only those come who may sign. Other header fields than
   * those that matter are left out.
   */
  toJSON(): Reported
}

type Reported = SeenRequest & { readonly reference: string; readonly code: string }

/** A report, and what the client may have of it. */
export interface Reporting {
  readonly report: MacReport
  /** The explanation, where the request names a credential that there is; else `null`. */
  explainKnown(): Promise<Explanation | null>
}

/** Makes the report of a refusal. */
export type Reporter = (request: Request, rawTarget: RawTarget | null, error: MacError) => Reporting

/** Makes reports of what is refused by these settings. */
export function reporter(check: CheckSettings, verifier: Verifier): Reporter {
  return (request, rawTarget, error) => {
    const reference = newReference()
    const receivedAt = clock(verifier)
    let seen: Reported | null = null
    const toJSON = (): Reported => {
      seen ??= {
        ...seenBy(request, rawTarget, check, verifier.settings),
        reference,
        code: error.code,
        ...(receivedAt === null ? {} : { receivedAt }),
      }
      return seen
    }
    const report = { reference, toJSON, explain: () => explained(toJSON(), verifier, true) }
    return { report, explainKnown: () => explained(toJSON(), verifier, false) }
  }
}

/** @param unknownToo Whether to explain a request that names no credential, or one that is not there. */
async function explained(
  seen: SeenRequest,
  verifier: Verifier,
  unknownToo: boolean,
): Promise<Explanation | null> {
  try {
    const [{ explain }, { identifierOf }] = await Promise.all([
      import('../explain/explain.ts'),
      import('../explain/lenient-header.ts'),
    ])
    const id = identifierOf(seen.headers.authorization ?? null)
    const { credentials } = await verifier.store()
    const credential = id === null ? null : (await credentials.lookUp(id)).credential
    if (credential === null && !unknownToo) return null
    return explain(seen, credential === null ? null : withOffset(credential, verifier))
  } catch {
    return null
  }
}

/** An offset that was learned under a larger bound counts no longer. */
function withOffset(credential: StoredCredential, { settings }: Verifier): StoredCredential {
  const { clockOffset } = credential
  return { ...credential, clockOffset: appliedOffset(clockOffset, settings.maxClockOffsetSeconds) }
}

function clock({ settings }: Verifier): number | null {
  try {
    return currentSeconds(settings.now)
  } catch {
    return null
  }
}

/** 48 random bits. A UUID is the cheapest way to them: runtimes keep some randomness in store for it. */
function newReference(): string {
  return randomUUID().replace('-', '').slice(0, 12)
}
