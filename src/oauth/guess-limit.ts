import { MacError } from '../errors.ts'
import type { Client } from '../limits/client-address.ts'
import { type FailureLimit, PendingError } from '../limits/failures.ts'
import { LimitError } from '../limits/headers.ts'
import { orRefused, TokenRefusal } from './answer.ts'

/** What a wrong secret counts as. */
const WRONG = new MacError(
  'ERR_MAC_REJECTED',
  'A client of the token endpoint sent a wrong secret.',
)

/**
 * Does the work in which a secret is judged, and limits how many secrets an address can try: a wrong one
 * counts as a request with a wrong MAC does. It is the address that is counted, never the client it names,
 * which anybody can name.
 *
 * A secret is counted only once it was judged. So at most as many of an address are judged at once as may
 * still fail, at all token endpoints of a `Mac` together, and 1,000 of all addresses. What comes beyond
 * that is rejected at once, and may come again a second later.
 *
 * @param failures `null` if nothing is limited.
 * @throws {@link TokenRefusal} with 429 in place of its own answer, if this was one too many; with 400 if
 *   a proxy tells two addresses.
 */
export async function limitGuesses<Value>(
  failures: FailureLimit | null,
  client: Client,
  work: () => Promise<Value>,
): Promise<Value> {
  if (failures === null) return work()
  orRefused(() => client.address)
  try {
    return await failures.whilePending(client, () => judge(failures, client, work))
  } catch (thrown) {
    if (thrown instanceof PendingError) throw tooManyAtOnce()
    throw thrown instanceof LimitError ? tooMany(thrown) : thrown
  }
}

async function judge<Value>(
  failures: FailureLimit,
  client: Client,
  work: () => Promise<Value>,
): Promise<Value> {
  try {
    return await work()
  } catch (thrown) {
    if (!(thrown instanceof TokenRefusal) || thrown.code !== 'invalid_client') throw thrown
    const reason = await failures.count(client, WRONG)
    throw reason === WRONG ? thrown : reason
  }
}

function tooMany({ told, status, rateLimit, retryAfterSeconds }: LimitError): TokenRefusal {
  const headers = { ...rateLimit, 'Retry-After': String(retryAfterSeconds) }
  return new TokenRefusal('temporarily_unavailable', told.title, { status, headers })
}

/** No field tells of a limit: none is exhausted. */
function tooManyAtOnce(): TokenRefusal {
  const why = 'Too many clients ask at once.'
  const headers = { 'Retry-After': '1' }
  return new TokenRefusal('temporarily_unavailable', why, { status: 429, headers })
}
