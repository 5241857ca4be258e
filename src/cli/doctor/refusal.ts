import { MacError } from '../../errors.ts'
import { type MacChallenge, parseChallenge } from '../../protocol/challenge.ts'
import type { Answer } from './wire.ts'

/** What withmac says in an answer. */
export interface Refusal {
  /** The code in the problem document, or `null` where something else answered in this form. */
  readonly code: string | null
  readonly challenge: MacChallenge | null
}

/** What withmac refused the request with, or `null` where it let it through. */
export function refusalOf({ status, headers, body }: Answer): Refusal | null {
  const challenge = challengeOf(headers['www-authenticate'])
  const code = codeOf(body)
  if (code === null && (status !== 401 || challenge === null)) return null
  return { code, challenge }
}

function challengeOf(header: string | readonly string[] | undefined): MacChallenge | null {
  try {
    return parseChallenge(header === undefined ? null : String(header))
  } catch (error) {
    if (error instanceof MacError) return null
    throw error
  }
}

function codeOf(body: string): string | null {
  try {
    const { type, code } = JSON.parse(body) as { type?: unknown; code?: unknown }
    return String(type).startsWith('urn:problem-type:withmac:') ? String(code) : null
  } catch {
    return null
  }
}
