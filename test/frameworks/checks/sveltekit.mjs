import { demandAnswer, demandRejection, demandText } from '../tools/answers.mjs'
import { checkApplication } from '../tools/check-application.mjs'
import { signsTargetAsShown } from '../tools/contract.mjs'

// adapter-node assumes https and the Host header as the origin.
const behindProxy = {}

const checks = [
  [
    'the guard protects pages too, and the data that navigation loads',
    async (client) => {
      const page = '/account/profile'
      const data = `${page}/__data.json`
      demandRejection(await client.send('GET', page), 'ERR_MAC_MISSING')
      demandRejection(await client.send('GET', data), 'ERR_MAC_MISSING')
      demandText(await client.signed('GET', page), /<h1>Signed by ada<\/h1>/)
      demandText(await client.signed('GET', data), /"ada"/)
    },
  ],
  [
    'the hook guards remote functions, whichever route the client names',
    async (client) => {
      const headers = { 'x-sveltekit-pathname': '/orders', origin: client.origin }
      const answer = await client.send('GET', '/_app/remote/1a2b3c/secret', { headers })
      demandRejection(answer, 'ERR_MAC_MISSING')
    },
  ],
  [
    'other spellings of a guarded path do not pass the hook',
    async (client) => {
      for (const path of ['/%61ccount', '/x/../account', '/./account', '/account/', '//account']) {
        const { status } = await client.send('GET', path)
        if (status < 300) throw new Error(`${status} came for ${path}`)
      }
    },
  ],
  [
    'with requestTarget, the target is signed as it is sent',
    async (client) => {
      const answer = await client.signed('GET', "/search?q=it's")
      demandAnswer(answer, 200, { user: 'ada', found: "it's" })
      const changed = await client.send('GET', '/search?q=it%27s', {
        authorization: client.sign('GET', "/search?q=it's"),
      })
      demandRejection(changed, 'ERR_MAC_REJECTED')
    },
  ],
  signsTargetAsShown('without requestTarget, the target is signed as SvelteKit shows it'),
]

export default {
  folder: 'sveltekit',
  applications: [
    {
      title: 'SvelteKit {@sveltejs/kit} with adapter-node',
      check: (context) =>
        checkApplication(context, { server: ['build/index.js'], behindProxy, checks }),
    },
  ],
}
