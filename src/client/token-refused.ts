import { parseChallenge } from '../protocol/challenge.ts'
import { limitedText } from './limited-text.ts'

/** What withmac calls a credential that it does not know, or no longer. */
const UNKNOWN: ReadonlySet<unknown> = new Set(['ERR_MAC_REJECTED', 'ERR_MAC_EXPIRED'])
/** How much of a problem document is read, in bytes. */
const MOST_READ = 65_536

/**
 * Whether a 401 says that the server does not know the credential, so that another may help. Of a
 * server that gives no code, each MAC challenge with an error counts that is not about time.
 */
export async function isUnknownTo(response: Response): Promise<boolean> {
  const { headers } = response
  try {
    const challenge = parseChallenge(headers.get('www-authenticate'))
    if (challenge === null || challenge.error === null || challenge.ts !== null) return false
  } catch {
    return false
  }
  const type = headers.get('content-type') ?? ''
  if (!/^application\/problem\+json[ \t]*(?:;|$)/i.test(type)) return true
  const code = await codeOf(response.clone())
  return code === null || UNKNOWN.has(code)
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
