import type { Cause } from './explanation.ts'
import { isInternalHost } from './internal-host.ts'
import { namesHost } from './origin-mistakes.ts'
import type { Received } from './received.ts'
import { shown } from './search.ts'
import { cutTarget } from './target-pieces.ts'

/** A likely cause, with what to do about it. Nothing proves it. */
export interface Hint extends Cause {
  readonly sentence: string
}

/**
 * Returns what the request itself suggests if no mistake explains the MAC, the likeliest first. The last one is
 * that the client has another key.
 */
export function hintsFor(received: Received): Hint[] {
  const proxy = proxyHint(received)
  return [...(proxy === null ? [] : [proxy]), targetHint(received), keyHint(proxy !== null)].filter(
    (hint) => hint !== null,
  )
}

/** The advice for a proxy that sends a host of its own. The doctor gives the same. */
export const PASS_ON_HOST: string =
  'let the proxy pass on the Host of the client (nginx: proxy_set_header Host $http_host), see docs/proxies.md'

function proxyHint(received: Received): Hint | null {
  const { host, headers, url, pinned, trustProxy } = received
  const arrived = headers.host ?? url.authority
  const name = arrived.toLowerCase().replace(/:[0-9]+$/, '')
  if (!/^(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])$/.test(name)) return null
  if (
    pinned.length === 1 ||
    namesHost(received) ||
    !isInternalHost(pinned.length > 1 ? name : host)
  )
    return null
  return {
    kind: 'proxy-host',
    certain: false,
    sentence:
      `The Host that arrived, ${shown(arrived)}, is one of this machine or network, and no field names the host that ` +
      'the client called: probably a proxy writes it, as nginx and h2o do unless they are told otherwise. If there is a ' +
      `proxy, ${PASS_ON_HOST}.${otherChange(pinned.length > 0, trustProxy !== false)}`,
  }
}

function otherChange(isPinned: boolean, isTrusting: boolean): string {
  // The origin that the client signed is in the list already, or its Host could not choose it.
  if (isPinned) return ' Then the Host must be one of the list origin.'
  const set =
    "set origin in the server to the address that clients call, such as 'https://api.example.com'."
  if (!isTrusting) return ` Or ${set}`
  return ` Or let it send X-Forwarded-Host, -Proto and -Port, which trustProxy reads. Or, instead of trustProxy, ${set}`
}

function targetHint({ target, problem, headers }: Received): Hint | null {
  const { path } = cutTarget(target)
  // A field with the target that arrived shows that nothing was changed.
  const named = Object.entries(headers).find(
    ([name, value = '']) =>
      /^x-(?:.*-)?(?:uri|url|path|prefix)$/.test(name) &&
      ![target, path, '', '/'].includes(value.replace(/^https?:\/\/[^/?#]*/i, '')),
  )?.[0]
  if (problem?.code !== 'ERR_MAC_TARGET' && named === undefined) return null
  return {
    kind: 'target-rewritten',
    certain: false,
    sentence:
      `A proxy seems to change request-URIs${named === undefined ? '' : ` (${named} arrived)`}: compare ` +
      `${shown(target)}, which arrived, with what the client sent.`,
  }
}

function keyHint(isLast: boolean): Hint {
  return {
    kind: 'key',
    certain: false,
    sentence:
      'Check first whether the client signed the lines as received, especially host, port and the request-URI, which ' +
      "a proxy or the server's runtime may rewrite. If it did, it probably has another key than this credential: " +
      `compare where both keys come from${isLast ? '' : ', and whether the key was replaced'}.`,
  }
}
