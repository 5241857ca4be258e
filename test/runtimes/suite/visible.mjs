import { config } from './this-runtime.mjs'
import { originOf } from './vectors.mjs'

/*
 * Computes what a signature must cover to be accepted, from what was sent and from what the runtime shows of
 * it, by the rules of the protocol notes (§3, §9) and without the library.
 */

/** A target in origin-form without a fragment. No other target is ever accepted. */
const ORIGIN_FORM = /^\/[\x21\x22\x24-\x7e]*$/

/** A path on the wire that adapters of node:http show as another path. */
const REWRITTEN = /^[^?]*(?:\\|\/(?:\.|%2e){1,2}(?:[/?]|$))/i

/**
 * Returns the method, target, host and port that the verifier sees. `null` if they are not certain, so that
 * no signature may be accepted.
 *
 * @param sent The hosts on the wire, and whether they are well-formed.
 * @param seen What the bare handler saw, or the status with which the runtime rejected the request.
 * @param useRaw Whether the adapter's `requestTarget` is used.
 */
export function visible(sent, seen, useRaw) {
  if (seen.status !== undefined || sent.hosts.length > 1 || !sent.wellFormed) return null
  const shown = shownForm(seen, useRaw)
  if (shown === null || !ORIGIN_FORM.test(shown.target) || seen.url.includes('#')) return null
  // A router of node:http before the adapter chooses by the path on the wire.
  if (!useRaw && REWRITTEN.test(seen.raw ?? '')) return null
  // With `requestTarget` the library knows that the host was invented.
  if (useRaw && sent.hosts.length === 0) return null
  if (seen.host === null) return shown
  // If Host and URL differ, it is not certain which one was signed.
  const { host, port } = originOf(seen.host, schemeOf(seen))
  return host === shown.host && port === shown.port ? shown : null
}

/** @returns What the runtime shows, well-formed or not. `null` if it is not a URL. */
export function shownForm({ url, method, raw }, useRaw) {
  const pieces = /^(https?):\/\/([^/?#\\]*)([^#]*)/i.exec(url ?? '')
  if (pieces === null) return null
  const [, , authority, target] = pieces
  const origin = originOf(authority, schemeOf({ url }))
  return { method: method.toUpperCase(), target: useRaw ? raw : target || '/', ...origin }
}

function schemeOf({ url }) {
  return url.slice(0, url.indexOf(':')).toLowerCase()
}

/**
 * @param signed What a signature covers.
 * @param shown What the verifier sees.
 * @returns Whether they are the same. Bun shows each `'` of a query as `%27`, so there both may have been signed.
 */
export function same(signed, shown) {
  if (signed === null || shown === null) return false
  const targets = [shown.target]
  if (config.name === 'bun') targets.push(withRawQuotes(shown.target))
  return (
    targets.includes(signed.target) &&
    ['method', 'host', 'port'].every((name) => signed[name] === shown[name])
  )
}

function withRawQuotes(target) {
  const [path, ...query] = target.split('?')
  return [path, ...query.map((part) => part.replaceAll('%27', "'"))].join('?')
}

/**
 * Returns the allowed outcomes of a signature over `form`: 200 if it is what the verifier sees, otherwise 401
 * or the rejection by the runtime, which may close the connection.
 */
export function wanted(form, { sent, seen, useRaw }) {
  if (same(form, visible(sent, seen, useRaw))) return [200]
  return seen.status === undefined ? [401] : [seen.status, 'closed']
}
