/** Endings of names that no public DNS has. */
const INTERNAL_NAME =
  /(?:^|\.)(?:localhost|local|localdomain|internal|intranet|lan|home|corp|private|svc|home\.arpa)\.?$/
/** RFC 1918, RFC 6598, RFC 3927, and loopback. */
const INTERNAL_IPV4 =
  /^(?:127\.|10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|0\.)/
/** Loopback, unspecified, RFC 4193 and link-local. */
const INTERNAL_IPV6 = /^\[(?:::1?|f[cd][0-9a-f]{2}:.*|fe[89ab][0-9a-f]:.*)\]$/

/**
 * Whether only clients in the same machine or network can call a host: a loopback or private address, a name
 * without a dot, or a name that no public DNS has. If such a host arrives, a proxy may have written it.
 *
 * @param host In lower case, without a port.
 */
export function isInternalHost(host: string): boolean {
  if (host.startsWith('[')) return INTERNAL_IPV6.test(host)
  if (/^[0-9.]+$/.test(host)) return INTERNAL_IPV4.test(host)
  return !host.replace(/\.$/, '').includes('.') || INTERNAL_NAME.test(host)
}
