import { demandAnswer, demandRejection } from '../tools/answers.mjs'
import { Client } from '../tools/client.mjs'

const PUBLIC = 'https://orders.example.com'
const json = { 'content-type': 'application/json' }

const checks = [
  [
    'a wrapped web handler: a signed request gets 200 once, others get 401',
    async (client) => {
      demandRejection(await client.send('GET', '/orders'), 'ERR_MAC_MISSING')
      const authorization = client.sign('GET', '/orders?page=2')
      const first = await client.send('GET', '/orders?page=2', { authorization })
      demandAnswer(first, 200, { user: 'ada', page: '2' })
      const again = await client.send('GET', '/orders?page=2', { authorization })
      demandRejection(again, 'ERR_MAC_REPLAY')
    },
  ],
  [
    'a wrapped web handler: a bound body is verified, and arrives complete',
    async (client) => {
      const order = { note: 'ø'.repeat(100_000) }
      const body = JSON.stringify(order)
      const authorization = client.sign('POST', '/orders', body)
      const changed = { authorization, headers: json, body: body.replace('ø', 'æ') }
      demandRejection(await client.send('POST', '/orders', changed), 'ERR_MAC_BODY_MISMATCH')
      const answer = await client.send('POST', '/orders', { authorization, headers: json, body })
      demandAnswer(answer, 201, { user: 'ada', bodyVerified: true, order })
    },
  ],
  [
    'a middleware guards a route, also under other spellings of its path',
    async (client) => {
      demandAnswer(await client.signed('GET', '/account'), 200, { user: 'ada' })
      for (const path of ['/account', '/%61ccount', '/account/', '/account?a=b']) {
        demandRejection(await client.send('GET', path), 'ERR_MAC_MISSING')
      }
      for (const path of ['//account', '/x/../account', '/./account']) {
        const { status } = await client.send('GET', path)
        if (status < 400) throw new Error(`${status} came for ${path}`)
      }
    },
  ],
  [
    'after the middleware, the body is still there',
    async (client) => {
      const answer = await client.signed('POST', '/account', { headers: json, body: '{"a":1}' })
      demandAnswer(answer, 200, { user: 'ada', order: { a: 1 } })
    },
  ],
]

async function check({ report, application }) {
  await report.check('the seed script runs', () => application.run('seed'))
  const server = await application.start(['server.ts'], { ORIGIN: PUBLIC })
  const client = new Client(server.port, PUBLIC)
  for (const [name, work] of checks) await report.check(name, () => work(client))
  await report.check('it stops on SIGTERM, and has printed no errors', () => server.stop())
}

export default {
  folder: 'h3-1',
  applications: [{ title: 'h3 {h3}, as in Nuxt and Nitro 2', check }],
}
