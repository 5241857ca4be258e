import http from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { type ClientCredential, signHeaders } from '../../client/index.ts'
import { MacError } from '../../errors.ts'
import { parseAuthorization } from '../../protocol/authorization.ts'
import { type MacChallenge, parseChallenge, serverTimeOf } from '../../protocol/challenge.ts'
import { prepareKey } from '../../protocol/hmac.ts'
import { problemSlug } from '../../protocol/problem-type.ts'
import { unreachable } from '../network.ts'

/** The response to a probe. */
export interface Outcome extends Answer {
  /** `null` if withmac did not reject the request: see {@link verdictOf}. */
  readonly rejection: Rejection | null
}

/** Statuses of a proxy or limiter in front of the server, or of a server that fails. */
const UNCLEAR: ReadonlySet<number> = new Set([408, 421, 425, 429, 500, 502, 503, 504])

/** Whether withmac accepted a probe. A status of a proxy does not show it: that is `unclear`. */
export function verdictOf({ rejection, status }: Outcome): 'accepted' | 'rejected' | 'unclear' {
  if (rejection !== null) return 'rejected'
  return UNCLEAR.has(status) ? 'unclear' : 'accepted'
}

/** How a probe differs from a correct request. */
interface Signing {
  /** The origin to sign, instead of {@link Probe.origin}. */
  readonly origin?: string
  /** The target to sign, instead of {@link Probe.target}. */
  readonly target?: string
  /** The method to sign. The method that is sent is always GET. */
  readonly method?: string
  /** The timestamp, in seconds since 1970. */
  readonly ts?: number
}

/** Signs and sends probes to one server. It remembers what it learns: origin, clock, whether to sign a digest. */
export class Probe {
  readonly url: string
  readonly #credential: ClientCredential
  readonly #ext: string | null
  /** The origin that is signed. */
  origin: string
  /** The target that is signed: at first, the part of the URL after the origin. */
  target: string
  /** Seconds to add to the clock of this machine to get the server's time. */
  offset = 0
  /** Whether the server requires a signed digest of the body. */
  bound = false

  constructor(url: string, credential: ClientCredential, ext: string | null) {
    this.url = url
    this.#credential = credential
    this.#ext = ext
    this.origin = new URL(url).origin
    this.target = url.slice(this.origin.length)
  }

  /** Returns a value for the `Authorization` header, with a new nonce. */
  sign(signing: Signing = {}): string {
    const { origin = this.origin, target = this.target, method = 'GET', ts } = signing
    const body = this.bound ? { body: null } : {}
    const request = { method, url: origin + target, target, ext: this.#ext, ...body }
    const now = () => ts ?? Date.now() / 1000 + this.offset
    return signHeaders(request, this.#credential, { now }).authorization
  }

  /** Sends a request with this `Authorization` header, or without one. */
  async send(authorization: string | null, url: string = this.url): Promise<Outcome> {
    const headers = authorization === null ? {} : { authorization }
    const answer = await sendAlone(url, 'GET', headers)
    return { ...answer, rejection: rejectionOf(answer) }
  }

  /** Sends a signed request. If the server requires a digest of the body, sends it again with one. */
  async sendSigned(signing: Signing = {}): Promise<Outcome> {
    const outcome = await this.send(this.sign(signing))
    if (outcome.rejection?.code !== 'ERR_MAC_BODY_MISSING' || this.bound) return outcome
    this.bound = true
    return this.send(this.sign(signing))
  }

  /** Returns the server's time from an authenticated challenge, or `null` if the server sends none. */
  async serverTime(): Promise<{ readonly seconds: number; readonly at: number } | null> {
    // So old that no server adjusts the client's clock offset to it.
    const authorization = this.sign({ ts: 1 })
    const { rejection, at } = await this.send(authorization)
    const sent = parseAuthorization(authorization)
    if (sent === null || rejection?.challenge == null) return null
    const { key, algorithm = 'hmac-sha-256' } = this.#credential
    const seconds = await serverTimeOf(rejection.challenge, prepareKey(algorithm, key), sent)
    return seconds === null ? null : { seconds, at }
  }
}

/** The parts of a response that a probe uses. */
interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
  /** Halfway between sending and receiving, by the clock of this machine, in seconds since 1970. */
  readonly at: number
}

const TIMEOUT_MS = 10_000

/**
 * Sends a request on a new connection and reads the response. A load balancer may lead each connection to
 * another replica.
 *
 * @throws Failure if the server cannot be reached.
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
        timeout: TIMEOUT_MS,
      },
      resolve,
    )
    sent.on('timeout', () => sent.destroy(new Error('no response within ten seconds')))
    sent.on('error', reject)
    sent.end()
  })
}

/** A rejection by withmac. */
interface Rejection {
  /** The code in the problem document, or `null` if it has none. */
  readonly code: string | null
  readonly challenge: MacChallenge | null
}

/** Returns the rejection by withmac, or `null` if the response is not one. */
function rejectionOf({ status, headers, body }: Answer): Rejection | null {
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
    if (typeof code !== 'string' || !code.startsWith('ERR_MAC_')) return null
    // The operator chooses what stands before the slug.
    return String(type).endsWith(problemSlug(code)) ? code : null
  } catch {
    return null
  }
}
