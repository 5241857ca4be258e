import { likelyScheme, namedHosts, originOf } from './authorities.ts'
import { type Alternative, type Guess, shown } from './guess.ts'
import type { Received } from './received.ts'

/** Other hosts and ports that a client may have signed. */
export function originSlips(base: Guess, received: Received): Alternative[] {
  const hosts = namedHosts(received)
  const slips: Alternative[] = []
  const seen = new Set<string>()
  const add = (kind: string, rank: number, host: string, port: string) => {
    const differs = {
      ...(host === base.host ? {} : { host }),
      ...(port === base.port ? {} : { port }),
    }
    const mark = JSON.stringify(differs)
    if (mark === '{}' || seen.has(mark)) return
    seen.add(mark)
    slips.push({ kind, rank, differs, ...originWords(kind, base, host, port, received) })
  }
  const ports = new Set([...hosts.flatMap((named) => named.ports), '443', '80'])
  for (const port of ports) add('port', 1, base.host, port)
  for (const { host } of hosts) add('host', 1, host, base.port)
  for (const named of hosts) for (const port of named.ports) add('origin', 1, named.host, port)
  for (const host of loopbacks(base.host)) add('host', 2, host, base.port)
  return [...slips, ...misspelt(base, received)]
}

const LOOPBACKS = ['localhost', '127.0.0.1', '[::1]']

function loopbacks(host: string): string[] {
  return LOOPBACKS.includes(host) ? LOOPBACKS : []
}

function originWords(
  kind: string,
  base: Guess,
  host: string,
  port: string,
  received: Received,
): Pick<Alternative, 'side' | 'matches' | 'did' | 'change'> {
  const scheme = likelyScheme(received)
  const written = (guess: Pick<Guess, 'host' | 'port'>) =>
    originOf(guess.host, guess.port, scheme) ?? `host ${shown(guess.host)} and port ${guess.port}`
  const did = (signed: Guess) => `the client signed ${written(signed)}`
  const matches =
    kind === 'port'
      ? `port ${port}`
      : kind === 'host'
        ? `host ${host}`
        : `host ${host} and port ${port}`
  if (kind === 'port' && forgotPort(base, port, received)) {
    const change = `let the client sign the port that it sends the request to, ${base.port}`
    return { side: 'client', matches, did, change }
  }
  return { side: 'server', matches, did, change: (signed) => settingFor(signed, base, received) }
}

/** The default port was signed, though the request itself names another. */
function forgotPort(base: Guess, port: string, { headers, scheme }: Received): boolean {
  if (port !== (scheme === 'https' ? '443' : '80')) return false
  const forwarded = Object.keys(headers).some((name) => name.includes('forwarded'))
  return !forwarded && headers.host?.toLowerCase() === `${base.host}:${base.port}`
}

/** What to set on the server, or to sign in the client. */
function settingFor(signed: Guess, base: Guess, received: Received): string {
  const scheme = likelyScheme(received)
  const origin = originOf(signed.host, signed.port, scheme)
  const there = originOf(base.host, base.port, scheme)
  if (origin === null) return `let the client sign ${there ?? 'the host and port of the server'}`
  const set = `set origin: '${origin}' in the server`
  if (received.pinned) return `${set}, or let the client sign ${there ?? base.host}`
  const { told } = received
  if (told === null || told.host !== signed.host || told.port !== signed.port) return set
  return `${set} (or trustProxy, if its proxy sets the forwarded fields itself)`
}

/** Spellings that no server should be set to. */
function misspelt(base: Guess, { headers }: Received): Alternative[] {
  const { host, port } = base
  const slip = (kind: string, rank: number, how: string, differs: Partial<Guess>): Alternative => ({
    kind,
    rank,
    side: 'client',
    matches: how,
    did: `the client signed ${how}`,
    change: `let the client sign the host as ${shown(host)} and the port as ${shown(port)}`,
    differs,
  })
  const hosts: [kind: string, rank: number, how: string, host: string][] = [
    ['host-with-port', 2, 'the host with the port behind it', `${host}:${port}`],
    [
      'host-case',
      2,
      'the host in the case of the Host header',
      (headers.host ?? '').replace(/:[0-9]+$/, ''),
    ],
    ['host-case', 3, 'the host in upper case', host.toUpperCase()],
    [
      'host-dot',
      3,
      'another dot at the end of the host',
      host.endsWith('.') ? host.slice(0, -1) : `${host}.`,
    ],
    ['host-brackets', 2, 'the IPv6 address without brackets', host.replace(/^\[(.*)\]$/, '$1')],
    ['host-empty', 3, 'an empty host', ''],
  ]
  const spelt = ['', 'None', 'null', 'undefined', '-1', '0']
  return [
    ...hosts
      .filter((each) => each[3] !== host && (each[3] !== '' || each[0] === 'host-empty'))
      .map(([kind, rank, how, other]) => slip(kind, rank, how, { host: other })),
    ...spelt.map((other) =>
      slip('port-default', other === '' ? 2 : 3, `the port as ${shown(other)}`, { port: other }),
    ),
  ]
}
