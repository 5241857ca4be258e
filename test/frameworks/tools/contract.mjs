import { demandAnswer, demandRejection } from './answers.mjs'

/** Longer than one chunk, and not only ASCII. */
const ORDER = { item: 'Ærø, 6 × “smør” 🧈', note: 'ø'.repeat(100_000) }

/** Checks for all applications that have the routes /orders, /guestbook and /account. */
export const CONTRACT = [
  [
    'an unsigned request gets 401 and a challenge',
    async (client) => demandRejection(await client.send('GET', '/orders'), 'ERR_MAC_MISSING'),
  ],
  [
    'an unsigned POST gets 401 and a challenge',
    async (client) => {
      const headers = { 'content-type': 'application/json' }
      const answer = await client.send('POST', '/orders', { headers, body: '{}' })
      demandRejection(answer, 'ERR_MAC_MISSING')
    },
  ],
  [
    'a signed request gets the user’s name, and its replay gets 401',
    async (client) => {
      const authorization = client.sign('GET', '/orders')
      const first = await client.send('GET', '/orders', { authorization })
      demandAnswer(first, 200, { user: 'ada', page: null })
      const again = await client.send('GET', '/orders', { authorization })
      demandRejection(again, 'ERR_MAC_REPLAY')
    },
  ],
  [
    'the query is covered: the signed one is accepted, a changed one gets 401',
    async (client) => {
      const authorization = client.sign('GET', '/orders?page=2')
      const changed = await client.send('GET', '/orders?page=3', { authorization })
      demandRejection(changed, 'ERR_MAC_REJECTED')
      const asSigned = await client.send('GET', '/orders?page=2', { authorization })
      demandAnswer(asSigned, 200, { user: 'ada', page: '2' })
    },
  ],
  [
    'the method is covered',
    async (client) => {
      const authorization = client.sign('GET', '/orders')
      const headers = { 'content-type': 'application/json' }
      const answer = await client.send('POST', '/orders', { authorization, headers, body: '{}' })
      demandRejection(answer, 'ERR_MAC_REJECTED')
    },
  ],
  [
    'a Host that shifts the path, and a target with a fragment, reach no handler that was not signed for',
    async (client) => {
      const { host } = new URL(client.origin)
      const changed = [
        [`${host}/orders#`, '/account', '/orders'],
        [`${host}/orders?`, '/account', '/orders?/account'],
        [`${host}/orders`, '?page=2', '/orders?page=2'],
        [`${host}/`, '/orders', '//orders'],
        [`user@${host}`, '/orders', '/orders'],
        [`${host},other.example`, '/orders', '/orders'],
        [host, '/orders#/account', '/orders'],
        [host, '/orders#/account', '/orders#/account'],
      ]
      for (const [sentHost, target, signed] of changed) {
        const authorization = client.sign('GET', signed)
        const headers = { host: sentHost }
        const { status, body } = await client.send('GET', target, { authorization, headers })
        // Next.js removes the fragment before anything else sees it.
        const isSigned = signed === '/orders' && body.page === null && target.includes('#')
        if (status < 400 && !isSigned)
          throw new Error(`${status} came for ${sentHost} and ${target}`)
      }
    },
  ],
  [
    'HEAD is signed as HEAD, if the framework answers it with GET’s handler',
    async (client) => {
      const answer = await client.signed('HEAD', '/orders')
      demandAnswer(answer, answer.status === 404 ? 404 : 200, '')
    },
  ],
  [
    'a signed POST is accepted, and its JSON body arrives complete',
    async (client) => {
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify(ORDER)
      const answer = await client.signed('POST', '/orders', { headers, body })
      demandAnswer(answer, 201, { user: 'ada', bodyVerified: false, order: ORDER })
    },
  ],
  [
    'a bound body is verified, and arrives complete',
    async (client) => {
      const answer = await sendBound(client, '/orders')
      demandAnswer(answer, 201, { user: 'ada', bodyVerified: true, order: ORDER })
    },
  ],
  [
    'a bound body that is too large gets 413',
    async (client) => {
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify('x'.repeat(250_000))
      const authorization = client.sign('POST', '/orders', body)
      const answer = await client.send('POST', '/orders', { authorization, headers, body })
      demandAnswer({ ...answer, body: answer.body.code }, 413, 'ERR_MAC_BODY_TOO_LARGE')
    },
  ],
  [
    'optional: an unsigned request is accepted as anonymous',
    async (client) => {
      const answer = await client.send('GET', '/guestbook')
      demandAnswer(answer, 200, { user: 'stranger', why: null })
    },
  ],
  [
    'optional: a signed request is accepted with its user, and its replay as anonymous',
    async (client) => {
      const authorization = client.sign('GET', '/guestbook')
      const first = await client.send('GET', '/guestbook', { authorization })
      demandAnswer(first, 200, { user: 'ada', why: null })
      const again = await client.send('GET', '/guestbook', { authorization })
      demandAnswer(again, 200, { user: 'stranger', why: 'ERR_MAC_REPLAY' })
    },
  ],
  [
    'optional: a form arrives complete, signed and unsigned',
    async (client) => {
      const entry = { name: 'Ada & Grace', text: 'a=b&c=ø + “d”\nwith a second line' }
      const form = {
        // SvelteKit accepts a form only with its own origin in the header Origin, and otherwise answers 403.
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin: client.origin },
        body: new URLSearchParams(entry).toString(),
      }
      demandAnswer(await client.signed('POST', '/guestbook', form), 200, { user: 'ada', entry })
      demandAnswer(await client.send('POST', '/guestbook', form), 200, { user: 'stranger', entry })
    },
  ],
  [
    'a guard before the route: unsigned requests get 401, signed ones the user',
    async (client) => {
      demandRejection(await client.send('GET', '/account'), 'ERR_MAC_MISSING')
      demandAnswer(await client.signed('GET', '/account'), 200, { user: 'ada' })
    },
  ],
]

/** The same for applications whose guard of /account has the option `body: 'optional'`. */
export const BODY_BEHIND_GUARD = [
  'behind the guard, a bound body is verified, and arrives complete',
  async (client) => {
    demandAnswer(await sendBound(client, '/account'), 200, { user: 'ada', order: ORDER })
  },
]

/** Sends an order with its digest, and before that a changed one, which must be rejected. */
async function sendBound(client, path) {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify(ORDER)
  const authorization = client.sign('POST', path, body)
  const changed = { authorization, headers, body: body.replace('6', '7') }
  demandRejection(await client.send('POST', path, changed), 'ERR_MAC_BODY_MISMATCH')
  return client.send('POST', path, { authorization, headers, body })
}

/**
 * For adapters that show the target as `new URL()` writes it.
 * @param name What the check is called.
 */
export function signsTargetAsShown(name) {
  return [
    name,
    async (client) => {
      const authorization = client.sign('GET', '/orders?page=it%27s')
      const answer = await client.send('GET', "/orders?page=it's", { authorization })
      demandAnswer(answer, 200, { user: 'ada', page: "it's" })
      const asSent = await client.signed('GET', "/orders?page=it's")
      demandRejection(asSent, 'ERR_MAC_REJECTED')
    },
  ]
}
