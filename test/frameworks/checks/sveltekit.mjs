import { demandAnswer, demandRefusal } from './answers.mjs'

export const SVELTEKIT = {
  name: 'sveltekit',
  title: 'SvelteKit with adapter-node',
  server: ['build/index.js'],
  typesBeside: 'src/routes/orders',
  // adapter-node takes https and the Host header for what the client speaks to.
  behindProxy: {},
  checks: [
    [
      'requestTarget: the target may be signed as it is sent',
      async (client) => {
        const answer = await client.signed('GET', "/search?q=it's")
        demandAnswer(answer, 200, { user: 'ada', found: "it's" })
        const changed = await client.send('GET', '/search?q=it%27s', {
          authorization: client.sign('GET', "/search?q=it's"),
        })
        demandRefusal(changed, 'ERR_MAC_REJECTED')
      },
    ],
    [
      'without requestTarget, it is signed as SvelteKit shows it',
      async (client) => {
        const authorization = client.sign('GET', '/orders?page=it%27s')
        const answer = await client.send('GET', "/orders?page=it's", { authorization })
        demandAnswer(answer, 200, { user: 'ada', page: "it's" })
        const asSent = await client.signed('GET', "/orders?page=it's")
        demandRefusal(asSent, 'ERR_MAC_REJECTED')
      },
    ],
  ],
}
