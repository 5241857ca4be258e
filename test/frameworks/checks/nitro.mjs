import { checkApplication } from '../tools/check-application.mjs'

export default {
  folder: 'nitro',
  applications: [
    {
      title: 'Nitro {nitro}, routes and middleware',
      check: (context) =>
        checkApplication(context, {
          server: ['.output/server/index.mjs'],
          behindProxy: { ORIGIN: 'https://orders.example.com' },
        }),
    },
  ],
}
