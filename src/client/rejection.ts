import { MacError, type MacErrorCode } from '../errors.ts'
import { type MacChallenge, parseChallenge } from '../protocol/challenge.ts'
import { limitedText } from './payload.ts'

/** How much of a problem document is read, in bytes. */
const MOST_READ = 65_536
/** What withmac says of a replay where no body comes along: to HEAD, and through proxies that replace it. */
const REPLAY = new MacError('ERR_MAC_REPLAY').told.title

/** The MAC challenge of an answer; `null` if there is none, or none that can be read. */
export function challengeOf({ headers }: Response): MacChallenge | null {
  try {
    return parseChallenge(headers.get('www-authenticate'))
  } catch {
    return null
  }
}

/**
 * Why a 401 was given, by the code in its problem document. Of a server that gives no code, each MAC
 * challenge with an error counts as `ERR_MAC_REJECTED` that is not about time or a replay. `null` if it is
 * not the answer to a signature.
 *
 * The answer is *not* authenticated: over plain `http:` anybody on the way may have written it.
 */
export async function rejectionCode(
  response: Response,
  challenge: MacChallenge | null,
): Promise<unknown> {
  if (challenge === null || challenge.error === null || challenge.ts !== null) return null
  const byText: MacErrorCode = challenge.error === REPLAY ? 'ERR_MAC_REPLAY' : 'ERR_MAC_REJECTED'
  const type = response.headers.get('content-type') ?? ''
  if (!/^application\/problem\+json[ \t]*(?:;|$)/i.test(type)) return byText
  return (await codeOf(response.clone())) ?? byText
}

/**
 * Whether an answer says that the server has had the request before. A server that takes no more requests
 * for now says so in the challenge of a 429.
 */
export function isLimitedReplay({ status }: Response, challenge: MacChallenge | null): boolean {
  return status === 429 && challenge?.error === REPLAY
}

/** The `code` of a problem document, or `null`. */
async function codeOf(response: Response): Promise<unknown> {
  try {
    const text = await limitedText(response, MOST_READ)
    return text === null ? null : ((JSON.parse(text) as { code?: unknown } | null)?.code ?? null)
  } catch {
    return null
  }
}

/**
 * That a request was given to `fetch` once, and reached the server twice.
 *
 * @param secure Whether nobody on the way could have written the answer.
 */
export function answerLost(method: string, secure: boolean): MacError {
  const forged = secure
    ? ''
    : ' Over plain http anybody on the way can make this answer up, or be first with a copy.'
  return new MacError(
    'ERR_MAC_CLIENT_ANSWER_LOST',
    `The server says that it has had this ${method} request before, and it was sent once. Most likely the ` +
      'connection broke, and fetch or a proxy sent it again: then the first copy passed the signature ' +
      'check, was probably carried out, and its answer is lost. Look whether it was before you send it ' +
      `again. If every request ends so, the server verifies each of them twice.${forged}`,
  )
}
