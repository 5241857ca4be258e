import { originOf } from './vectors.mjs'

/*
 * What a signature must cover to be let in, told from what was sent and from what the runtime shows
 * of it, by the rules of the protocol notes (§3, §9) and with nothing of the library.
 */

/** A target in origin-form, and without a fragment: all that is ever let in. */
const ORIGIN_FORM = /^\/[\x21\x22\x24-\x7e]*$/

/** A path on the wire that adapters of node:http show as another one. */
const REWRITTEN = /^[^?]*(?:\\|\/(?:\.|%2e){1,2}(?:[/?]|$))/i

/**
 * The method, target, host and port that the verifier sees; `null` where they cannot be told for
 * certain, so that nothing may be let in.
 *
 * @param sent The hosts on the wire, and whether they are well-formed.
 * @param seen What the bare handler saw, or the status by which the runtime refused the request.
 * @param useRaw Whether the raw target is taken, by the adapter's recipe.
 */
export function visible(sent, seen, useRaw) {
  if (seen.status !== undefined || sent.hosts.length > 1 || !sent.wellFormed) return null
  const shown = shownForm(seen, useRaw)
  if (shown === null || !ORIGIN_FORM.test(shown.target) || seen.url.includes('#')) return null
  // A router of node:http, before the adapter, goes by what is on the wire.
  if (!useRaw && REWRITTEN.test(seen.raw ?? '')) return null
  // With the raw target it is known that the host was made up.
  if (useRaw && sent.hosts.length === 0) return null
  if (seen.host === null) return shown
  // Host and URL differ: there is no telling which one was signed.
  const { host, port } = originOf(seen.host, schemeOf(seen))
  return host === shown.host && port === shown.port ? shown : null
}

/** What the runtime shows, well-formed or not; `null` where its URL is none. */
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

/** Whether two signatures cover the same. */
export function same(one, other) {
  if (one === null || other === null) return false
  return ['method', 'target', 'host', 'port'].every((name) => one[name] === other[name])
}

/**
 * What must come of a signature over `form`: 200 where it is what the verifier sees, else the 401,
 * or the runtime's own refusal, which may be a hang-up.
 */
export function wanted(form, { sent, seen, useRaw }) {
  if (same(form, visible(sent, seen, useRaw))) return [200]
  return seen.status === undefined ? [401] : [seen.status, 'closed']
}
