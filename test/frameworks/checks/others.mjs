import { demandAnswer, demandRejection } from '../tools/answers.mjs'
import { Client } from '../tools/client.mjs'

const MISSING_ADAPTER = /withmac: this is a request of node:http.*put an adapter before it/
const NO_REQUEST = /withmac: called without a Request/

/** Frameworks that call the handler without a Request, and the place of the error. */
const WITHOUT_REQUEST = [
  ['node:http', { logs: MISSING_ADAPTER }],
  ['express-5', { logs: MISSING_ADAPTER }],
  ['express-4', { logs: MISSING_ADAPTER }],
  ['connect', { logs: MISSING_ADAPTER }],
  ['koa', { logs: MISSING_ADAPTER }],
  ['hono', { logs: NO_REQUEST }],
  // Without a logger, Fastify sends the error only to the client.
  ['fastify', { answers: MISSING_ADAPTER }],
]

const WITH_REQUEST = ['express-5 with getRequestListener', 'express-4 with toNodeHandler']

/** One line for all of them. */
async function checkOthers({ report, application, runtimes }) {
  await report.check('Request classes of undici and node-fetch are accepted', () =>
    application.run('requests'),
  )
  for (const [name, { logs = /^$/, answers = /(?:)/ }] of WITHOUT_REQUEST) {
    await report.check(`${name}: each call gets a 500, and the error names an adapter`, () =>
      withServer(application, name, logs, async (client) => {
        for (let time = 0; time < 2; time++) await demandFailure(client, answers)
      }),
    )
  }
  for (const name of WITH_REQUEST) {
    await report.check(`${name}: a signed request gets 200 once, others get 401`, () =>
      withServer(application, name, /^$/, (client) => demandGuarded(client, { user: 'ada' })),
    )
  }
  const bun = await runtimes.bun()
  const name = 'elysia, a route'
  await report.check(`${name}, on Bun: the request in its context is used`, () =>
    withServer(
      application,
      name,
      /^$/,
      (client) => demandGuarded(client, { user: 'ada', host: 'string' }),
      bun,
    ),
  )
}

async function withServer(application, name, logs, work, runtime) {
  const server = await application.start(['serve.mjs', name], {}, runtime)
  try {
    await work(new Client(server.port))
  } catch (error) {
    await server.stop(/(?:)/)
    throw error
  }
  await server.stop(logs)
}

async function demandFailure(client, answers) {
  const { status, body } = await client.signed('GET', '/orders')
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  if (status !== 500 || !answers.test(text)) throw new Error(`it answered ${status} ${text}`)
}

async function demandGuarded(client, body) {
  demandRejection(await client.send('GET', '/orders'), 'ERR_MAC_MISSING')
  const authorization = client.sign('GET', '/orders')
  demandAnswer(await client.send('GET', '/orders', { authorization }), 200, body)
  demandRejection(await client.send('GET', '/orders', { authorization }), 'ERR_MAC_REPLAY')
}

export default {
  folder: 'others',
  applications: [
    {
      title: 'Frameworks without the Fetch API, or with their own context',
      check: checkOthers,
    },
  ],
}
