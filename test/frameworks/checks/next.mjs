import { demandAnswer, demandRejection, demandText } from '../tools/answers.mjs'
import { checkApplication } from '../tools/check-application.mjs'
import { Client } from '../tools/client.mjs'

const PUBLIC = 'https://orders.example.com'
const direct = (port) => ({ ORIGIN: `http://127.0.0.1:${port}` })

const checks = [
  [
    'the proxy guards pages too',
    async (client) => {
      const page = '/account/profile'
      demandRejection(await client.send('GET', page), 'ERR_MAC_MISSING')
      demandText(await client.signed('GET', page), /<h1>Signed by (?:<!-- -->)?ada<\/h1>/)
    },
  ],
  [
    'a client cannot send the header by which the proxy names the user',
    async (client) => {
      const headers = { 'x-mac-user': 'eve' }
      demandText(await client.send('GET', '/', { headers }), /Orders of (?:<!-- -->)?nobody/)
      demandText(await client.signed('GET', '/account/profile', { headers }), /Signed by .*ada/)
    },
  ],
  [
    'other spellings of a guarded path do not pass the proxy',
    async (client) => {
      for (const path of [
        '/%61ccount',
        '//account',
        '/x/../account',
        '/./account',
        '/account/',
        '/ACCOUNT',
      ]) {
        const { status } = await client.send('GET', path)
        if (status < 300) throw new Error(`${status} came for ${path}`)
      }
    },
  ],
  [
    'after a rewrite of next.config.ts, the path that was sent is the one that is signed',
    async (client) => {
      demandAnswer(await client.signed('GET', '/latest-orders'), 200, { user: 'ada', page: null })
      const authorization = client.sign('GET', '/orders')
      const answer = await client.send('GET', '/latest-orders', { authorization })
      demandRejection(answer, 'ERR_MAC_REJECTED')
    },
  ],
  [
    'the query is signed as URLSearchParams writes it, because Next.js writes it so',
    async (client) => {
      const answer = await client.signed('GET', '/orders?page=a+b%2C%7E')
      demandAnswer(answer, 200, { user: 'ada', page: 'a b,~' })
      demandRejection(await client.signed('GET', '/orders?page=a%20b,~'), 'ERR_MAC_REJECTED')
    },
  ],
]

/** With a server of one's own, the target is known as it was sent. */
async function checkCustomServer({ report, application }) {
  const server = await application.start(['server.mjs'], { ORIGIN: PUBLIC })
  const client = new Client(server.port, PUBLIC)
  await report.check('a query is verified as it was sent', async () => {
    const answer = await client.signed('GET', '/search?q=a%20b,~&c')
    demandAnswer(answer, 200, { user: 'ada', found: 'a b,~' })
  })
  await report.check('a client cannot choose the target that is verified', async () => {
    const target = '/search?q=a'
    const authorization = client.sign('GET', target)
    const headers = { 'x-request-target': target }
    const changed = await client.send('GET', '/search?q=b', { authorization, headers })
    demandRejection(changed, 'ERR_MAC_REJECTED')
  })
  await report.check('it stops on SIGTERM, and has printed no errors', () => server.stop())
}

export default {
  folder: 'next',
  applications: [
    {
      title: 'Next.js {next}, route handlers and proxy',
      check: (context) =>
        checkApplication(context, {
          server: ['node_modules/next/dist/bin/next', 'start', '-H', '127.0.0.1'],
          behindProxy: { ORIGIN: PUBLIC },
          direct,
          checks,
        }),
    },
    { title: 'Next.js {next}, behind a server of its own', check: checkCustomServer },
  ],
}
