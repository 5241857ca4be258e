import { MacError } from '../../errors.ts'
import type * as OnServers from '../url-parts.ts'

/** The parser of URLs has lower-cased the host, and written IP addresses in the one form that servers accept. */
const HOST = /^(?:[\w-]+(?:\.[\w-]+)*\.?|\[.+\])$/

export const urlParts: typeof OnServers.urlParts = ({ href, origin, protocol, hostname, port }) => {
  if (hostname.length > 255 || !HOST.test(hostname) || port === '0') {
    throw new MacError(
      'ERR_MAC_HOST',
      `The host ${hostname} cannot be used: it is not a host name.`,
    )
  }
  const target = href.slice(origin.length).replace(/#.*$/, '')
  return { host: hostname, port: port || (protocol === 'https:' ? '443' : '80'), target }
}

/** Browsers and Workers write `^` in a path as the URL standard requires. */
export const withoutCarets: typeof OnServers.withoutCarets = (url) => url
