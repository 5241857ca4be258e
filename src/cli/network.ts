import { MacError } from '../errors.ts'
import { EXIT, Failure, misuse } from './failure.ts'

/**
 * What is made of a failure to send a request to a URL.
 * @returns A function that throws a Failure in words; what is no matter of the network is thrown on.
 */
export function unreachable(url: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof MacError || error instanceof Failure) throw error
    const said = `${new URL(url).origin} cannot be reached: ${reason(error)}`
    throw new Failure(EXIT.network, 'ERR_CLI_NETWORK', said)
  }
}

/** A request without an answer: whether the server acted on it, nobody on this side can know. */
const BROKEN_OFF =
  'the connection was closed without an answer, so the request may have been carried out. Or is it https ' +
  'where http was written, or the reverse?'

/** What the system's codes mean, and what to look at. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there. Does the server run, and is it this port?',
  ConnectionRefused: 'nothing listens there. Does the server run, and is it this port?',
  ENOTFOUND: 'there is no such host. Is its name spelled right?',
  EAI_AGAIN: 'its name cannot be looked up now. Is there a network?',
  ECONNRESET: BROKEN_OFF,
  UND_ERR_SOCKET: BROKEN_OFF,
  ETIMEDOUT: 'it does not answer. Is a firewall in between?',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer. Is a firewall in between?',
  EHOSTUNREACH: 'there is no way to that address.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name.',
  EPROTO: 'no TLS is spoken there. Is it http and not https?',
  ERR_SSL_WRONG_VERSION_NUMBER: 'no TLS is spoken there. Is it http and not https?',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'nobody vouches for its certificate. NODE_EXTRA_CA_CERTS names one to trust.',
  SELF_SIGNED_CERT_IN_CHAIN:
    'nobody vouches for its certificate. NODE_EXTRA_CA_CERTS names one to trust.',
  CERT_HAS_EXPIRED: 'its certificate has expired.',
}

/** Why a connection came to nothing, in words. */
function reason(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException
    const known = REASONS[code ?? '']
    if (known !== undefined) return known
    // Deno has no codes, and keeps the reason in the words of a cause.
    if (/connection refused/i.test(at.message)) return REASONS.ECONNREFUSED ?? at.message
    if (/before message completed|connection reset/i.test(at.message)) return BROKEN_OFF
    if (at instanceof AggregateError && at.errors.length > 0) return reason(at.errors[0])
  }
  let last = error as Error
  while (last.cause instanceof Error) last = last.cause
  return last.message
}

/**
 * The URL that a command was given, in the one form that all clients send and all servers show:
 * parsed and written anew, without fragment, and with `^` encoded, which some clients would do on
 * their own.
 *
 * @throws Failure where it is no `http` or `https` URL, or holds a user and password, which would go
 *   into an `Authorization` header of their own.
 */
export function readAddress(text: string): string {
  const url = parse(text)
  if (url.username !== '' || url.password !== '') {
    throw misuse(
      'the URL holds a user and a password: they take the Authorization header, which the signature needs.',
    )
  }
  url.hash = ''
  return url.href.replaceAll('^', '%5E')
}

function parse(text: string): URL {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw misuse(`${text} is no URL: write it whole, such as http://localhost:3000/.`)
  }
  if (url.protocol === 'http:' || url.protocol === 'https:') return url
  if (url.protocol === 'ws:' || url.protocol === 'wss:') {
    url.protocol = url.protocol === 'ws:' ? 'http:' : 'https:'
    throw misuse(`a WebSocket starts as a GET request, which is signed: write ${url.href}.`)
  }
  throw misuse(
    `${text} is no http or https URL: write it whole, such as http://${text.replace(/^[a-z]+:\/\//, '')}.`,
  )
}
