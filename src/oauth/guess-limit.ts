import { MacError } from '../errors.ts'
import { Budgets } from '../limits/budgets.ts'
import type { Client } from '../limits/client.ts'
import type { FailureLimit } from '../limits/failures.ts'
import { LimitError } from '../limits/limit-error.ts'
import { MemoryCounter } from '../limits/memory-counter.ts'
import type { RateLimit } from '../store/store.ts'
import { TokenRefusal } from './refusal.ts'
import { Turns } from './turns.ts'

/** What a wrong secret counts as. */
const WRONG = new MacError(
  'ERR_MAC_REJECTED',
  'A client of the token endpoint sent a wrong secret.',
)

/** Of how many addresses it is known how many wrong secrets they sent. */
const MOST_ADDRESSES = 100_000

/**
 * Limits how many secrets an address can try: by the budget from which its requests with a wrong MAC
 * are taken as well. It is the address that is counted, never the client it names, which anybody can
 * name.
 *
 * A secret is counted only once it was judged, so no more of an address are judged at once than it may
 * still get wrong; the others wait for their turn, and are looked at then only if something is left.
 */
export class GuessLimit {
  readonly #failures: FailureLimit | null
  readonly #limit: RateLimit | null
  readonly #turns = new Turns()
  /** The wrong secrets alone. */
  readonly #wrong = new Budgets('failures', new MemoryCounter(), MOST_ADDRESSES)

  /**
   * @param failures `null` where nothing is limited.
   * @param limit That of `failures`.
   */
  constructor(failures: FailureLimit | null, limit: RateLimit | null) {
    this.#failures = failures
    this.#limit = limit
  }

  /**
   * Does the work in which a secret is judged, unless too much was refused before.
   * @throws {@link TokenRefusal} with 429 in place of its own answer, where this was one too many.
   */
  async count<Value>(client: Client, work: () => Promise<Value>): Promise<Value> {
    const failures = this.#failures
    const limit = this.#limit
    if (failures === null || limit === null) return work()
    const { address } = client
    // An address that is not known is not counted; but the operator is told of it.
    if (address === null) return judge(failures, client, work)
    checkLimit(failures, client)
    const left = () => limit.requests - this.#used(address, limit)
    const judged = () =>
      judge(failures, client, work, async () => {
        await this.#wrong.take(address, limit)
      })
    return this.#turns.take(address, left, judged, tooManyAtOnce)
  }

  #used(address: string, limit: RateLimit): number {
    return this.#wrong.spent(address, { ...limit, requests: 1 })?.used ?? 0
  }
}

async function judge<Value>(
  failures: FailureLimit,
  client: Client,
  work: () => Promise<Value>,
  onWrong?: () => Promise<void>,
): Promise<Value> {
  checkLimit(failures, client)
  try {
    return await work()
  } catch (thrown) {
    if (!(thrown instanceof TokenRefusal) || thrown.code !== 'invalid_client') throw thrown
    await onWrong?.()
    const reason = await failures.count(client, WRONG)
    if (reason === WRONG) throw thrown
    throw reason instanceof LimitError ? tooMany(reason) : reason
  }
}

function checkLimit(failures: FailureLimit, client: Client): void {
  try {
    failures.check(client)
  } catch (thrown) {
    throw thrown instanceof LimitError ? tooMany(thrown) : thrown
  }
}

function tooManyAtOnce(): TokenRefusal {
  const why = 'Too many clients of this address ask at once.'
  const headers = { 'Retry-After': '1' }
  return new TokenRefusal('temporarily_unavailable', why, { status: 429, headers })
}

function tooMany({ told, status, rateLimit, retryAfterSeconds }: LimitError): TokenRefusal {
  const headers = { ...rateLimit, 'Retry-After': String(retryAfterSeconds) }
  return new TokenRefusal('temporarily_unavailable', told.title, { status, headers })
}
