import { demandRejection, demandText } from '../tools/answers.mjs'
import { checkApplication } from '../tools/check-application.mjs'

const checks = [
  [
    'the middleware guards pages too',
    async (client) => {
      const page = '/account/profile'
      demandRejection(await client.send('GET', page), 'ERR_MAC_MISSING')
      demandText(await client.signed('GET', page), /<h1>Signed by ada<\/h1>/)
    },
  ],
  [
    'other spellings of a guarded path do not pass the middleware',
    async (client) => {
      for (const path of [
        '/%61ccount',
        '/%2561ccount',
        '//account',
        '/x/../account',
        '/account/',
      ]) {
        demandRejection(await client.send('GET', path), 'ERR_MAC_MISSING')
      }
    },
  ],
]

export default {
  folder: 'astro',
  applications: [
    {
      title: 'Astro {astro} with its Node adapter, endpoints and middleware',
      check: (context) =>
        checkApplication(context, {
          server: ['dist/server/entry.mjs'],
          behindProxy: { ORIGIN: 'https://orders.example.com' },
          direct: (port) => ({ ORIGIN: `http://127.0.0.1:${port}` }),
          // The adapter logs a Host with a user name.
          logs: /^$|^\S+ \[ERROR\] \[@astrojs\/node\] Could not render \/orders\nTypeError: Request cannot be constructed/,
          checks,
        }),
    },
  ],
}
