import { MacError } from '../errors.ts'
import type { Client } from '../limits/client-address.ts'
import { type FailureLimit, PendingError } from '../limits/failures.ts'
import { LimitError } from '../limits/headers.ts'
import { orRefused, TokenRefusal } from './answer.ts'

/** A wrong secret counts as this failure. */
const WRONG = new MacError(
  'ERR_MAC_REJECTED',
  'A client of the token endpoint sent a wrong secret.',
)

/**
 * Limits how many secrets an address can try. A wrong secret counts like a request with a wrong MAC. It
 * counts by address, not by the name of the client, which an attacker can choose.
 *
 * A secret is counted only after it was checked. So for each address, at most as many secrets are checked
 * at the same time as may still fail, and at most 1,000 for all addresses. This holds for all token
 * endpoints of a `Mac` together. Further requests are rejected at once, and may be sent again after a second.
 *
 * @param failures `null` if there is no limit.
 * @param work Checks the secret, and issues the credential.
 * @throws {@link TokenRefusal} with 429 if the limit is exceeded, with 400 if a proxy names two addresses.
 */
export async function limitGuesses<Value>(
  failures: FailureLimit | null,
  client: Client,
  work: () => Promise<Value>,
): Promise<Value> {
  if (failures === null) return work()
  orRefused(() => client.address)
  try {
    return await failures.whilePending(client, () => checkAndCount(failures, client, work))
  } catch (thrown) {
    if (thrown instanceof PendingError) throw tooManyAtOnce()
    throw thrown instanceof LimitError ? tooMany(thrown) : thrown
  }
}

async function checkAndCount<Value>(
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

/** There are no rate limit headers, since no limit is exhausted. */
function tooManyAtOnce(): TokenRefusal {
  const why = 'There are too many token requests at the same time.'
  const headers = { 'Retry-After': '1' }
  return new TokenRefusal('temporarily_unavailable', why, { status: 429, headers })
}
