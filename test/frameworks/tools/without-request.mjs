import { Client } from './client.mjs'

const MISSING_ADAPTER = /withmac: this is a request of node:http.*put an adapter before it/
const NO_REQUEST = /withmac: called without a Request/

/** Frameworks that call a handler without a Request, and the place of the error. */
const FRAMEWORKS = [
  ['node:http', { logs: MISSING_ADAPTER }],
  ['express-5', { logs: MISSING_ADAPTER }],
  ['express-4', { logs: MISSING_ADAPTER }],
  ['connect', { logs: MISSING_ADAPTER }],
  ['koa', { logs: MISSING_ADAPTER }],
  ['hono', { logs: NO_REQUEST }],
  // Without a logger, Fastify sends the error only to the client.
  ['fastify', { answers: MISSING_ADAPTER }],
]

/** Checks that a handler of the Fetch API in such a framework fails with an error that says what to do. */
export async function checkWithoutRequest({ report, application }) {
  await report.check('Request classes of undici and node-fetch are accepted', () =>
    application.run('requests'),
  )
  for (const [name, { logs = /^$/, answers = /(?:)/ }] of FRAMEWORKS) {
    await report.check(
      `${name}: each call gets a 500, and the error names an adapter`,
      async () => {
        const server = await application.start(['without-request.mjs', name])
        try {
          const client = new Client(server.port)
          for (let time = 0; time < 2; time++) await demandFailure(client, answers)
        } catch (error) {
          await server.stop(/(?:)/)
          throw error
        }
        await server.stop(logs)
      },
    )
  }
}

async function demandFailure(client, answers) {
  const { status, body } = await client.signed('GET', '/orders')
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  if (status !== 500 || !answers.test(text)) throw new Error(`it answered ${status} ${text}`)
}
