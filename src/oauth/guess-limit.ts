import { MacError } from '../errors.ts'
import type { Client } from '../limits/client.ts'
import type { FailureLimit } from '../limits/failures.ts'
import { LimitError } from '../limits/limit-error.ts'
import { TokenRefusal } from './refusal.ts'

/** What a wrong secret counts as. */
const WRONG = new MacError(
  'ERR_MAC_REJECTED',
  'A client of the token endpoint sent a wrong secret.',
)

/**
 * Limits how many secrets an address can try: by the budget from which its requests with a wrong MAC
 * are taken as well. It is the address that is counted, never the client it names, which anybody can
 * name.
 */
export class GuessLimit {
  readonly #failures: FailureLimit | null
  readonly #client: Client

  /** @param failures `null` where nothing is limited. */
  constructor(failures: FailureLimit | null, client: Client) {
    this.#failures = failures
    this.#client = client
  }

  /**
   * Does the work in which a secret is judged, unless too much was refused before.
   * @throws {@link TokenRefusal} with 429 in place of its own answer, where this was one too many.
   */
  async count<Value>(work: () => Promise<Value>): Promise<Value> {
    const failures = this.#failures
    if (failures === null) return work()
    try {
      failures.check(this.#client)
      return await work()
    } catch (thrown) {
      if (thrown instanceof LimitError) throw tooMany(thrown)
      if (!(thrown instanceof TokenRefusal) || thrown.code !== 'invalid_client') throw thrown
      const reason = await failures.count(this.#client, WRONG)
      if (reason === WRONG) throw thrown
      throw reason instanceof LimitError ? tooMany(reason) : reason
    }
  }
}

function tooMany({ told, status, rateLimit, retryAfterSeconds }: LimitError): TokenRefusal {
  const headers = { ...rateLimit, 'Retry-After': String(retryAfterSeconds) }
  return new TokenRefusal('temporarily_unavailable', told.title, { status, headers })
}
