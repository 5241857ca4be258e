import { createMacFetch } from 'withmac/client'
import { check, codeOf, outcome } from './checks.mjs'

/** Checks that redirects to the same origin are signed again, and those to another origin are not signed. */
export async function redirects({ credential, at }) {
  const macFetch = createMacFetch(credential)
  for (const [status, method, then] of [
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [302, 'PUT', 'PUT'],
    [307, 'POST', 'POST'],
    [308, 'PATCH', 'PATCH'],
  ]) {
    const response = await macFetch(`${at.redirecting}/${status}/next%3Fa=1`, {
      method,
      body: 'hello',
    })
    const seen = response.status === 200 ? (await response.json()).method : await response.text()
    check(`${status} of ${method}`, [response.status, seen], [200, then])
    check(`${status} of ${method}, where to`, response.url, `${at.redirecting}/next?a=1`)
  }
  const twice = `${at.redirecting}/302/${encodeURIComponent('307/a^b?^')}`
  check('two in a row, to an awkward URL', await outcome(macFetch(twice)), 200)
  const other = `${at.redirecting}/307/${encodeURIComponent(`${at.plain}/other`)}`
  const abroad = await (await macFetch(other, { method: 'POST', body: 'x' })).json()
  check('to another origin', abroad, { signed: false, method: 'POST' })
  const home = encodeURIComponent(`${at.redirecting}/home`)
  const round = `${at.redirecting}/302/${encodeURIComponent(`${at.plain}/302/${home}`)}`
  check('and back again', await outcome(macFetch(round)), '401 ERR_MAC_MISSING')
  const manual = await macFetch(`${at.redirecting}/302/next`, { redirect: 'manual' })
  check('manual', [manual.status, manual.headers.get('location')], [302, '/next'])
  await manual.text()
  const stream = { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' }
  const again = macFetch(`${at.redirecting}/307/next`, stream)
  check('a stream', await codeOf(again), 'ERR_MAC_CLIENT_REDIRECT')
}
