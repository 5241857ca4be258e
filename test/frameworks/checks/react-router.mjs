import { demandAnswer } from '../tools/answers.mjs'
import { checkApplication } from '../tools/check-application.mjs'
import { signsTargetAsShown } from '../tools/contract.mjs'

const checks = [
  [
    'parameters that React Router itself uses are covered as they were sent',
    async (client) => {
      const answer = await client.signed('GET', '/orders?index&page=2&_routes=none')
      demandAnswer(answer, 200, { user: 'ada', page: '2' })
    },
  ],
  signsTargetAsShown('the target is signed in the form of new URL(), as React Router shows it'),
  [
    'other spellings of a guarded path do not pass the middleware',
    async (client) => {
      const paths = ['/%61ccount', '/x/../account', '/./account', '/account/', '/account.data']
      for (const path of paths) {
        const { status } = await client.send('GET', path)
        if (status < 300) throw new Error(`${status} came for ${path}`)
      }
    },
  ],
]

export default {
  folder: 'react-router',
  applications: [
    {
      title: 'React Router {react-router} with react-router-serve',
      check: (context) =>
        checkApplication(context, {
          server: ['node_modules/@react-router/serve/bin.cjs', 'build/server/index.js'],
          behindProxy: { ORIGIN: 'https://orders.example.com' },
          checks,
        }),
    },
  ],
}
