import { createMacFetch } from 'withmac/client'
import { check, codeOf, outcome } from './checks.mjs'

/** Checks TLS, and HTTP/2 if both sides have it: the client signs the authority. */
export async function secure({ credential, at }) {
  const macFetch = createMacFetch(credential, { body: true })
  check('a query', await outcome(macFetch(`${at.secure}/x?a=%7E&b`)), 200)
  const post = { method: 'POST', body: 'hello' }
  check('a body', await outcome(macFetch(at.secure, post)), 200)
  const response = await macFetch(`${at.secure}/307/next`, post)
  check('a redirect', [response.status, response.url], [200, `${at.secure}/next`])
  await response.text()
  const down = `${at.secure}/302/${encodeURIComponent(`${at.plain}/x`)}`
  check('a redirect to http', await codeOf(macFetch(down)), 'ERR_MAC_CLIENT_REDIRECT')
  const up = `${at.redirecting}/302/${encodeURIComponent(`${at.secure}/x`)}`
  check('from http to https', await outcome(macFetch(up)), '401 ERR_MAC_MISSING')
}
