import { MacError } from '../errors.ts'
import { EXIT, Failure, misuse } from './failure.ts'

/**
 * Returns a function that turns a network error into a Failure which says what to look at. It rethrows a
 * MacError or a Failure as it is.
 */
export function unreachable(url: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof MacError || error instanceof Failure) throw error
    const said = `${new URL(url).origin} cannot be reached: ${reason(error)}`
    throw new Failure(EXIT.network, 'ERR_CLI_NETWORK', said)
  }
}

/** The same for a response whose body ends too early. */
export function brokenOff(url: string): (error: unknown) => never {
  return () => {
    const said = `the response from ${new URL(url).origin} broke off: the connection was closed too early.`
    throw new Failure(EXIT.network, 'ERR_CLI_NETWORK', said)
  }
}

/** Without a response, the client cannot know whether the server acted on the request. */
const CLOSED =
  'the connection was closed without a response, so the request may have been carried out. If it always ' +
  'happens: does the server speak https, and the URL says http, or the reverse?'

/** What the error codes mean, and what to look at. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there. Is the server running, and is the port right?',
  ConnectionRefused: 'nothing listens there. Is the server running, and is the port right?',
  ENOTFOUND: 'there is no such host. Is its name spelled correctly?',
  EAI_AGAIN: 'the DNS lookup failed. Is this machine online?',
  ECONNRESET: CLOSED,
  UND_ERR_SOCKET: CLOSED,
  ETIMEDOUT: 'it does not respond. Is there a firewall in between?',
  UND_ERR_CONNECT_TIMEOUT: 'it does not respond. Is there a firewall in between?',
  EHOSTUNREACH: 'there is no route to that address.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name.',
  EPROTO: 'the server does not speak TLS there. Is it http instead of https?',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the server does not speak TLS there. Is it http instead of https?',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'its certificate is self-signed. To trust it, set NODE_EXTRA_CA_CERTS to its file.',
  SELF_SIGNED_CERT_IN_CHAIN:
    'the root of its certificate chain is not trusted. To trust it, set NODE_EXTRA_CA_CERTS to its file.',
  CERT_HAS_EXPIRED: 'its certificate has expired.',
}

/** Why the connection failed, in words. */
function reason(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException
    const known = REASONS[code ?? '']
    if (known !== undefined) return known
    // Deno sets no code: the reason is in the message of a cause.
    if (/connection refused/i.test(at.message)) return REASONS.ECONNREFUSED ?? at.message
    if (/before message completed|connection reset/i.test(at.message)) return CLOSED
    if (at instanceof AggregateError && at.errors.length > 0) return reason(at.errors[0])
  }
  let last = error as Error
  while (last.cause instanceof Error) last = last.cause
  return last.message
}

/**
 * Reads a URL argument and returns it as every client sends it: normalized, without the fragment, and with
 * `^` encoded, because some clients encode it and others do not.
 *
 * @throws Failure if it is not an `http` or `https` URL, or contains a user name or password: a client
 *   would send these in the `Authorization` header.
 */
export function readAddress(text: string): string {
  const url = parse(text)
  if (url.username !== '' || url.password !== '') {
    throw misuse(
      'the URL contains a user name or password. They would be sent in the Authorization header, which the signature needs: remove them.',
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
    throw misuse(`${text} is not a URL: write the full URL, such as http://localhost:3000/.`)
  }
  if (url.protocol === 'http:' || url.protocol === 'https:') return url
  if (url.protocol === 'ws:' || url.protocol === 'wss:') {
    url.protocol = url.protocol === 'ws:' ? 'http:' : 'https:'
    throw misuse(`a WebSocket starts with a GET request. Sign that one: write ${url.href}.`)
  }
  throw misuse(
    `${text} is not an http or https URL: write the full URL, such as http://${text.replace(/^[a-z]+:\/\//, '')}.`,
  )
}
