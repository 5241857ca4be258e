import http from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { type ClientCredential, signHeaders } from '../../client/index.ts'
import { MacError } from '../../errors.ts'
import { parseAuthorization } from '../../protocol/authorization.ts'
import { type MacChallenge, parseChallenge, serverTimeOf } from '../../protocol/challenge.ts'
import { unreachable } from '../network.ts'

/** What became of a probe. */
export interface Outcome extends Answer {
  /** `null` where the answer is not a refusal by withmac: see {@link fateOf}. */
  readonly refusal: Refusal | null
}

/** What such statuses come from stands before the server, or is the server in distress. */
const BEFORE: ReadonlySet<number> = new Set([408, 421, 425, 429, 500, 502, 503, 504])

/** What an outcome says: an answer of something before the server does not say whether it was let in. */
export function fateOf({ refusal, status }: Outcome): 'passed' | 'refused' | 'unclear' {
  if (refusal !== null) return 'refused'
  return BEFORE.has(status) ? 'unclear' : 'passed'
}

/** What a probe differs in from a request as it should be. */
interface Signing {
  /** What is signed in place of the origin that is believed in. */
  readonly origin?: string
  /** The method that is signed; GET is sent. */
  readonly method?: string
  /** The timestamp, in seconds since 1970. */
  readonly ts?: number
}

/** Signs and sends what a server is tried with. What it learns of the server, it goes by. */
export class Probe {
  readonly url: string
  readonly #credential: ClientCredential
  readonly #ext: string | null
  /** The origin that is signed. */
  origin: string
  /** Seconds to add to the clock here to have the server's. */
  offset = 0
  /** Whether the server wants the body bound. */
  bound = false

  constructor(url: string, credential: ClientCredential, ext: string | null) {
    this.url = url
    this.#credential = credential
    this.#ext = ext
    this.origin = new URL(url).origin
  }

  /** What stands behind the origin in the URL. */
  get target(): string {
    return this.url.slice(new URL(this.url).origin.length)
  }

  /** The value of an `Authorization` header, with a nonce of its own. */
  sign({ origin = this.origin, method = 'GET', ts }: Signing = {}): string {
    const { target } = this
    const body = this.bound ? { body: null } : {}
    const request = { method, url: origin + target, target, ext: this.#ext, ...body }
    const now = () => ts ?? Date.now() / 1000 + this.offset
    return signHeaders(request, this.#credential, { now }).authorization
  }

  /** Sends a header as it is, or none. */
  async send(authorization: string | null, url: string = this.url): Promise<Outcome> {
    const headers = authorization === null ? {} : { authorization }
    const answer = await sendAlone(url, 'GET', headers)
    return { ...answer, refusal: refusalOf(answer) }
  }

  /**
   * Sends a signed request. Where the server wants the body bound, it is sent again with the digest
   * of none.
   */
  async sendSigned(signing: Signing = {}): Promise<Outcome> {
    const outcome = await this.send(this.sign(signing))
    if (outcome.refusal?.code !== 'ERR_MAC_BODY_MISSING' || this.bound) return outcome
    this.bound = true
    return this.send(this.sign(signing))
  }

  /** The server's time as it tells it to those who have the key, or `null` where it does not. */
  async serverTime(): Promise<{ readonly seconds: number; readonly at: number } | null> {
    // So old that no server learns a difference of clocks from it.
    const authorization = this.sign({ ts: 1 })
    const { refusal, at } = await this.send(authorization)
    const sent = parseAuthorization(authorization)
    if (sent === null || refusal?.challenge == null) return null
    const { key, algorithm = 'hmac-sha-256' } = this.#credential
    const seconds = serverTimeOf(refusal.challenge, { key, algorithm }, sent)
    return seconds === null ? null : { seconds, at }
  }
}

/** An answer, as far as a probe looks at it. */
interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The start of the body. */
  readonly body: string
  /** The middle of the time that it took, by the clock here, in seconds since 1970. */
  readonly at: number
}

const PATIENCE_MS = 10_000

/**
 * Sends a request over a connection of its own, which a balancer may lead to another replica than
 * the last, and reads the answer.
 *
 * @throws Failure where the server cannot be reached.
 */
async function sendAlone(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const start = Date.now()
  try {
    const answer = await exchange(url, method, headers)
    const body = await text(answer)
    const at = (start + Date.now()) / 2000
    return { status: answer.statusCode ?? 0, headers: answer.headers, body, at }
  } catch (error) {
    return unreachable(url)(error)
  }
}

function exchange(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
): Promise<http.IncomingMessage> {
  const { protocol, hostname, port, origin } = new URL(url)
  const { request } = protocol === 'https:' ? https : http
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        hostname: hostname.replace(/^\[|\]$/g, ''),
        port: port === '' ? undefined : port,
        path: url.slice(origin.length),
        method,
        headers: { 'user-agent': 'withmac-doctor', accept: '*/*', ...headers },
        agent: false,
        timeout: PATIENCE_MS,
      },
      resolve,
    )
    sent.on('timeout', () => sent.destroy(new Error('no answer within ten seconds')))
    sent.on('error', reject)
    sent.end()
  })
}

/** What withmac says in an answer. */
interface Refusal {
  /** The code in the problem document, or `null` where something else answered in this form. */
  readonly code: string | null
  readonly challenge: MacChallenge | null
}

/** What withmac refused the request with, or `null` where it let it through. */
function refusalOf({ status, headers, body }: Answer): Refusal | null {
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
