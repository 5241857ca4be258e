import { demandAnswer, demandRejection } from './answers.mjs'

export const REACT_ROUTER = {
  name: 'react-router',
  title: 'React Router with react-router-serve',
  server: ['node_modules/@react-router/serve/bin.cjs', 'build/server/index.js'],
  typesBeside: 'app/routes',
  behindProxy: { ORIGIN: 'https://orders.example.com' },
  checks: [
    [
      'parameters that React Router itself uses are covered as they were sent',
      async (client) => {
        const answer = await client.signed('GET', '/orders?index&page=2&_routes=none')
        demandAnswer(answer, 200, { user: 'ada', page: '2' })
      },
    ],
    [
      'the target is signed in the form of new URL(), as React Router shows it',
      async (client) => {
        const authorization = client.sign('GET', '/orders?page=it%27s')
        const answer = await client.send('GET', "/orders?page=it's", { authorization })
        demandAnswer(answer, 200, { user: 'ada', page: "it's" })
        const asSent = await client.signed('GET', "/orders?page=it's")
        demandRejection(asSent, 'ERR_MAC_REJECTED')
      },
    ],
  ],
}
