/** Where servers behind a proxy usually listen. */
const PORTS = ['80', '443', '3000', '8000', '8080', '4000', '5000', '8787', '8443']
const HOSTS = ['localhost', '127.0.0.1', '[::1]']

/**
 * The origins that a server may take itself for when it is called by another: those it was told of,
 * then its own host with other ports, then the names that a machine has for itself.
 *
 * What counts is host and port (draft §3.2.1), so that each pair is there once.
 */
export function originCandidates(url: string, told: readonly string[]): string[] {
  const own = new URL(url)
  const port = own.port === '' ? (own.protocol === 'https:' ? '443' : '80') : own.port
  const ports = [...new Set(['443', '80', port, ...PORTS])]
  const guessed = [own.hostname, ...HOSTS].flatMap((host) => ports.map((each) => at(host, each)))
  const given = told.map((origin) => new URL(origin).origin)
  return [...new Set([...given, ...guessed])].filter((origin) => origin !== own.origin)
}

/** The scheme that the port belongs to; with another port it does not count. */
function at(host: string, port: string): string {
  return new URL(port === '443' ? `https://${host}` : `http://${host}:${port}`).origin
}
