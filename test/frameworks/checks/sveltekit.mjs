import { demandAnswer, demandRefusal, demandText } from './answers.mjs'

export const SVELTEKIT = {
  name: 'sveltekit',
  title: 'SvelteKit with adapter-node',
  server: ['build/index.js'],
  typesBeside: 'src/routes/orders',
  // adapter-node takes https and the Host header for what the client speaks to.
  behindProxy: {},
  checks: [
    [
      'the guard stands before pages as well, and before the data that their navigation loads',
      async (client) => {
        const page = '/account/profile'
        const data = `${page}/__data.json`
        demandRefusal(await client.send('GET', page), 'ERR_MAC_MISSING')
        demandRefusal(await client.send('GET', data), 'ERR_MAC_MISSING')
        demandText(await client.signed('GET', page), /<h1>Signed by ada<\/h1>/)
        demandText(await client.signed('GET', data), /"ada"/)
      },
    ],
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
