import { createMacFetch, signHeaders, signRequest, wireTarget } from 'withmac/client'
import { check, codeOf, outcome } from './checks.mjs'

/** Checks awkward URLs: each is accepted, however it was signed, or refused before anything is sent. */
export async function urls({ credential, at, targets }) {
  const macFetch = createMacFetch(credential)
  const printable = Array.from({ length: 95 }, (_, at) => String.fromCharCode(at + 0x20))
  const each = printable.flatMap((character) => [`/a${character}b`, `/?a${character}b`])
  let refused = 0
  for (const target of [...targets, ...each]) {
    const url = at.required + target
    if (!isSignable(url)) {
      refused++
      check(`${target}, refused`, await codeOf(macFetch(url)), 'ERR_MAC_CLIENT_URL')
      continue
    }
    check(`${target}, macFetch`, await outcome(macFetch(url)), 200)
    // Some runtimes send ^ in a path unchanged, and some servers show it in another form.
    if (target.split('?')[0].includes('^')) continue
    const request = await signRequest(new Request(url), credential)
    check(`${target}, signRequest`, await outcome(fetch(request)), 200)
    const headers = signHeaders({ url }, credential)
    check(`${target}, signHeaders`, await outcome(fetch(url, { headers })), 200)
  }
  check('most URLs are accepted', refused < 20, true)
}

function isSignable(url) {
  try {
    wireTarget(url)
    return true
  } catch {
    return false
  }
}
