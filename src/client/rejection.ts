import { describeCode, type MacErrorCode } from '../error-codes.ts'
import { MacError } from '../errors.ts'
import { type MacChallenge, parseChallenge } from '../protocol/challenge.ts'
import { readLimitedText } from './payload.ts'

/** The maximum length of a problem document, in bytes. */
const MAX_PROBLEM_BYTES = 65_536
/** The text of a replay in the challenge. Used if there is no body, as for HEAD, or if a proxy replaced it. */
const [, REPLAY_TITLE] = describeCode('ERR_MAC_REPLAY')
/** The error code of a replay in the problem document. */
export const REPLAY_CODE: MacErrorCode = 'ERR_MAC_REPLAY'

/** Returns the MAC challenge of a response. `null` if there is none, or if it is malformed. */
export function challengeOf({ headers }: Response): MacChallenge | null {
  try {
    return parseChallenge(headers.get('www-authenticate'))
  } catch {
    return null
  }
}

/**
 * Returns the error code of a 401, from its problem document. If there is no code in it, the result is
 * `ERR_MAC_REPLAY` or `ERR_MAC_REJECTED`, by the text of the challenge. `null` if the 401 does not
 * reject a signature, or if it is about the timestamp.
 *
 * The response is *not* authenticated: over plain `http:` an attacker on the way could have written it.
 */
export async function readRejectionCode(
  response: Response,
  challenge: MacChallenge | null,
): Promise<unknown> {
  if (challenge === null || challenge.error === null || challenge.ts !== null) return null
  const byText: MacErrorCode = challenge.error === REPLAY_TITLE ? REPLAY_CODE : 'ERR_MAC_REJECTED'
  const type = response.headers.get('content-type') ?? ''
  if (!/^application\/problem\+json[ \t]*(?:;|$)/i.test(type)) return byText
  return (await readProblemCode(response.clone())) ?? byText
}

/** Whether a 429 says in its challenge that the server got the request before. */
export function isLimitedReplay({ status }: Response, challenge: MacChallenge | null): boolean {
  return status === 429 && challenge?.error === REPLAY_TITLE
}

/** Returns the `code` of a problem document. `null` if there is none. */
async function readProblemCode(response: Response): Promise<unknown> {
  try {
    const text = await readLimitedText(response, MAX_PROBLEM_BYTES)
    return text === null ? null : ((JSON.parse(text) as { code?: unknown } | null)?.code ?? null)
  } catch {
    return null
  }
}

/**
 * Returns the error for a request that was sent once, but reached the server twice.
 *
 * @param secure Whether no attacker on the way could have written the response.
 */
export function answerLostError(method: string, secure: boolean): MacError {
  const forged = secure
    ? ''
    : ' Over plain http, an attacker on the way can forge this response, or send a copy first.'
  return new MacError(
    'ERR_MAC_CLIENT_ANSWER_LOST',
    `The server has had this ${method} request before, but it was sent once: fetch or a proxy probably sent it ` +
      'again. Then the first copy was probably carried out, and its response is lost. Check that before you ' +
      `send it again. If every request ends like this, the server verifies each twice.${forged}`,
  )
}
