import { MacError } from '../errors.ts'
import type { Client } from '../limits/client.ts'
import type { FailureLimit } from '../limits/failures.ts'
import { LimitError } from '../limits/limit-error.ts'
import type { Gone } from '../limits/turns.ts'
import { orRefused, TokenRefusal } from './answer.ts'

/** What a wrong secret counts as. */
const WRONG = new MacError(
  'ERR_MAC_REJECTED',
  'A client of the token endpoint sent a wrong secret.',
)

/**
 * Limits how many secrets an address can try: by the budget from which its requests with a wrong MAC
 * are taken as well. It is the address that is counted, never the client it names, which anybody can
 * name.
 *
 * A secret is counted only once it was judged, so no more of an address are judged at once than it may
 * still get wrong, at all token endpoints of a `Mac` together; the others wait for their turn, and are
 * looked at then only if something is left.
 */
export class GuessLimit {
  readonly #failures: FailureLimit | null

  /** @param failures `null` where nothing is limited. */
  constructor(failures: FailureLimit | null) {
    this.#failures = failures
  }

  /**
   * Does the work in which a secret is judged, unless too much was refused before.
   * @throws {@link TokenRefusal} with 429 in place of its own answer, where this was one too many; with
   *   400 where a proxy tells two addresses.
   */
  async count<Value>(client: Client, request: Request, work: () => Promise<Value>): Promise<Value> {
    const failures = this.#failures
    if (failures === null) return work()
    const address = orRefused(() => client.address)
    const judged = () => judge(failures, client, work)
    // An address that is not known is not counted; but the operator is told of it.
    if (address === null) return judged()
    checkLimit(failures, client)
    const width = () => failures.left(address)
    return failures.turns.take(address, width, judged, {
      full: tooManyAtOnce,
      gone: goneOf(request),
    })
  }
}

async function judge<Value>(
  failures: FailureLimit,
  client: Client,
  work: () => Promise<Value>,
): Promise<Value> {
  checkLimit(failures, client)
  try {
    return await work()
  } catch (thrown) {
    if (!(thrown instanceof TokenRefusal) || thrown.code !== 'invalid_client') throw thrown
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

/** Whoever has gone waits no more. But a secret that is being judged is judged to the end. */
function goneOf(request: Request): Gone {
  return {
    // Some adapters make the signal when it is asked for: only those who must wait are.
    signal: () => request.signal ?? null,
    error: () => new TokenRefusal('temporarily_unavailable', 'The client gave up waiting.'),
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
