import { demandAnswer, demandRejection } from '../tools/answers.mjs'
import { checkApplication } from '../tools/check-application.mjs'

const checks = [
  [
    'a WebSocket opens for a signed request once, and otherwise gets 401',
    async (client) => {
      const unsigned = await client.open('/live')
      if (unsigned.status !== 401) throw new Error(`${unsigned.status} came without a signature`)
      const authorization = client.sign('GET', '/live')
      const first = await client.open('/live', authorization)
      if (first.text !== 'hello ada') throw new Error(`${first.status} ${first.text} came`)
      const again = await client.open('/live', authorization)
      if (again.status !== 401) throw new Error(`${again.status} came for a replay`)
    },
  ],
  [
    'other spellings of a guarded path do not pass the middleware',
    async (client) => {
      for (const path of ['/%61ccount', '/x/../account', '/./account', '/account/']) {
        const { status } = await client.send('GET', path)
        if (status !== 401) throw new Error(`${status} came for ${path}`)
      }
    },
  ],
  [
    'a mounted handler takes only requests for its whole path, which the option path gives',
    async (client) => {
      demandAnswer(await client.signed('GET', '/shop/orders'), 200, { user: 'ada' })
      const authorization = client.sign('GET', '/orders')
      const moved = await client.send('GET', '/shop/orders', { authorization })
      demandRejection(moved, 'ERR_MAC_REJECTED')
      for (const signed of ['/orders', '/unsaid/orders']) {
        const header = client.sign('GET', signed)
        const answer = await client.send('GET', '/unsaid/orders', { authorization: header })
        demandRejection(answer, 'ERR_MAC_TARGET')
      }
    },
  ],
]

export default {
  folder: 'h3',
  applications: [
    {
      title: 'h3 {h3}, with WebSockets by crossws {crossws}',
      check: (context) =>
        checkApplication(context, {
          server: ['server.ts'],
          behindProxy: { ORIGIN: 'https://orders.example.com' },
          checks,
        }),
    },
  ],
}
