import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { demandAnswer } from '../tools/answers.mjs'
import { demandOneHandler } from '../tools/attacks.mjs'
import { Client } from '../tools/client.mjs'
import { CONTRACT } from '../tools/contract.mjs'
import { PLACED } from '../tools/hono.mjs'
import { demandSocket } from '../tools/socket.mjs'
import { checkWithoutRequest } from '../tools/without-request.mjs'
import { startPostgres, startWorker } from '../tools/workerd.mjs'

const ADA = {
  id: 'ada-laptop',
  key: 'only-for-development-and-tests',
  algorithm: 'hmac-sha-256',
}

/** What Deno prints to stderr: where it listens, and once a note on signals. */
const DENO_NOTES = /^(?:Listening on \S+ .*)?\n?(?:Deno\.serve: request\.signal aborts .*)?$/

/** The arguments of each runtime before the file. */
const RUN = { node: [], bun: ['run'], deno: ['run', '--no-prompt', '--allow-all'] }

/**
 * A server with the routes of the contract, and `/moved`, which redirects to `/orders?page=2`.
 *
 * @param runtime Its runtime.
 * @param file Its file in `servers`.
 * @param sockets Whether it has the WebSocket `/socket`.
 * @param without Matches the names of checks for routes that it does not have.
 */
function server(title, runtime, file, { sockets = false, without = null } = {}) {
  return {
    title,
    async check({ report, application, runtimes }) {
      const args = [...RUN[runtime], file]
      const running = await application.start(args, {}, await runtimes[runtime]())
      const client = new Client(running.port)
      try {
        const checks = [
          ...CONTRACT,
          ['a redirect is followed by withmac/client, which signs again', demandRedirect],
          ['a request signed for one path reaches no handler of another', demandOneHandler],
        ].filter(([name]) => !without?.test(name))
        for (const [name, check] of checks) {
          await report.check(name, () => check(client, running.port, application))
        }
        if (sockets) {
          await report.check('a WebSocket opens once, and only signed', () =>
            demandSocket(client, running.port),
          )
        }
      } finally {
        await report.check('it stops on SIGTERM, and has printed no errors', () =>
          running.stop(runtime === 'deno' ? DENO_NOTES : undefined),
        )
      }
    },
  }
}

async function demandRedirect(client, _port, application) {
  const module = application.path(join('node_modules', 'withmac', 'dist', 'client', 'index.js'))
  const { createMacFetch } = await import(pathToFileURL(module))
  const answer = await createMacFetch(ADA)(`${client.origin}/moved`)
  demandAnswer({ status: answer.status, body: await answer.json() }, 200, {
    user: 'ada',
    page: '2',
  })
}

/** Express 4 with the file for Express 5. */
async function checkExpress4(context) {
  const { application } = context
  const folder = application.path('express-4')
  mkdirSync(join(folder, 'node_modules'), { recursive: true })
  symlinkSync(
    application.path('node_modules/express-4'),
    join(folder, 'node_modules/express'),
    'junction',
  )
  for (const name of ['server.ts', 'signed.ts']) {
    copyFileSync(application.path(`express/${name}`), join(folder, name))
  }
  await server('', 'node', 'express-4/server.ts').check(context)
}

/** Its routes are not there. The runtime itself removes a fragment from the target. */
const NOT_IN_WORKER = /^(?:optional|a guard|behind the guard|a Host that shifts)/

/** Middleware around withmac, and mounted applications. */
async function checkPlaced({ report, application, runtimes }) {
  for (const [runtime, file] of [
    ['bun', 'hono/placed.ts'],
    ['node', 'hono/placed-node.ts'],
    ['deno', 'deno/placed.ts'],
  ]) {
    const running = await application.start([...RUN[runtime], file], {}, await runtimes[runtime]())
    const client = new Client(running.port)
    for (const [name, check] of PLACED) {
      await report.check(`${name} (${runtime})`, () => check(client, running.port))
    }
    await running.stop(runtime === 'deno' ? DENO_NOTES : undefined)
  }
}

/** Signs and sends the stage of a REST API before each path. */
class StageClient extends Client {
  sign(method, target, bound) {
    return super.sign(method, `/prod${target}`, bound)
  }

  send(method, target, more) {
    return super.send(method, `/prod${target}`, more)
  }
}

/** Targets, and the services that do not tell a function how they were sent. */
const LOST = [
  ['/orders?page=a%20b', []],
  ['/orders?page=a+b', ['rest-api']],
  ['/orders?page=it%27s', []],
  ['/orders?a=1&b=2&a=3', ['rest-api', 'alb', 'alb-multi']],
  ['/orders?page', ['rest-api', 'alb', 'alb-multi']],
  ['/orders?', ['rest-api', 'http-api', 'function-url', 'alb', 'alb-multi']],
]

/** Sends the events of each AWS service to one handler. */
async function checkLambda({ report, application }) {
  const origin = 'https://api.example.com'
  for (const event of ['rest-api', 'http-api', 'function-url', 'alb', 'alb-multi']) {
    const running = await application.start(['lambda/gateway.ts'], { EVENT: event })
    const Caller = event === 'rest-api' ? StageClient : Client
    const client = new Caller(running.port, origin)
    for (const [name, check] of CONTRACT.filter(([name]) => !/^a Host that/.test(name))) {
      await report.check(`${event}: ${name}`, () => check(client))
    }
    for (const [target, lost] of LOST) {
      const status = lost.includes(event) ? 401 : 200
      await report.check(`${event}: ${target} gets ${status}`, async () => {
        const answer = await client.signed('GET', target)
        if (answer.status !== status) throw new Error(`it got ${answer.status}`)
      })
    }
    await running.stop()
  }
}

/** What a Worker says that has no store. */
const NO_STORE = [
  [
    'sqlite:mac.db',
    /^MacError: Cloudflare Workers have no SQLite file\. Give database a pool of pg/,
  ],
  [
    'sqlite::memory:',
    /^MacError: Cloudflare Workers have no SQLite file\. Give database a pool of pg/,
  ],
  [
    'postgres://127.0.0.1/mac',
    /^TypeError: withmac: .* needs the package pg, .*: import it yourself/,
  ],
]

/** What a Worker gets that uses everything of `withmac/client`. */
const OF_WORKER = {
  bodies: [
    [201, true],
    [201, true],
    [201, false],
    [201, true],
  ],
  replay: [200, [401, 'ERR_MAC_REPLAY']],
  headers: 200,
  clock: [200, 200],
  wrong: [401, 'ERR_MAC_REJECTED'],
}

/** A Worker has no files. With PostgreSQL, and a Mac for each request, it verifies as other servers do. */
async function checkWorkers({ report, application, runtimes }) {
  const postgres = await startPostgres(await runtimes.bun())
  try {
    await application.run('seed', { MAC_DATABASE_URL: postgres.url })
    const server = await startWorker(application, 'server', { DATABASE_URL: postgres.url })
    const client = new Client(server.port)
    for (const [name, check] of CONTRACT.filter(([name]) => !NOT_IN_WORKER.test(name))) {
      await report.check(name, () => check(client))
    }
    const { id: MAC_ID, key: MAC_KEY } = ADA
    const env = { ORDERS_URL: `${client.origin}/orders?page=2`, MAC_ID, MAC_KEY }
    const caller = await startWorker(application, 'client', env)
    await report.check('a Worker signs with withmac/client', async () =>
      demandAnswer(await new Client(caller.port).send('GET', '/'), 200, { user: 'ada', page: '2' }),
    )
    const all = await startWorker(application, 'client-all', env)
    await report.check(
      'a Worker binds bodies, corrects its clock, signs with a CryptoKey',
      async () => demandAnswer(await new Client(all.port).send('GET', '/'), 200, OF_WORKER),
    )
    await report.check('all stop, and have printed no errors', () =>
      Promise.all([caller.stop(), all.stop(), server.stop()]),
    )
  } finally {
    await postgres.stop()
  }
  const without = await startWorker(application, 'without-store')
  for (const [database, expected] of NO_STORE) {
    await report.check(`${database}: the error says what a Worker needs`, async () => {
      const target = `/${encodeURIComponent(database)}`
      const { body } = await new Client(without.port).send('GET', target)
      if (expected.test(body.why) && body.status === 503) return
      throw new Error(`this came: ${JSON.stringify(body)}`)
    })
  }
  await without.stop(/withmac: ERR_MAC_STORE/)
}

/** Shows that the check of the handlers finds a server that is not guarded. */
async function checkControl(context) {
  const { report, application, runtimes } = context
  await checkWithoutRequest(context)
  await report.check("control: Bun's routes without mac.routes run another handler", async () => {
    const running = await application.start(['unguarded-routes.mjs'], {}, await runtimes.bun())
    const client = new Client(running.port)
    const found = await demandOneHandler(client, running.port).catch(({ message }) => message)
    await running.stop()
    if (!/^signed for \/orders, sent as \/account\/\.\.\/orders: 200/.test(found)) {
      throw new Error(`the check found: ${found}`)
    }
  })
}

export default {
  folder: 'servers',
  scripts: ['check', 'build', 'seed'],
  applications: [
    server('Hono {hono} on Bun', 'bun', 'hono/bun.ts', { sockets: true }),
    server('Hono {hono} on Node', 'node', 'hono/node.ts', { sockets: true }),
    server('Hono {hono} on Deno', 'deno', 'hono/deno.ts', { sockets: true }),
    { title: 'Hono {hono}: mount, bodyLimit, cors, methodOverride', check: checkPlaced },
    { title: 'hono/aws-lambda {hono}: events of five services', check: checkLambda },
    server('Elysia {elysia} on Bun', 'bun', 'elysia/server.ts', { sockets: true }),
    server('Elysia {elysia}, whole, in Bun.serve', 'bun', 'elysia/whole.ts', {
      without: /^(?:optional|a redirect)/,
    }),
    server('Bun.serve with routes', 'bun', 'bun/routes.ts', { sockets: true }),
    server('Deno.serve', 'deno', 'deno/server.ts', { sockets: true }),
    server('srvx {srvx} on Node', 'node', 'srvx/server.ts'),
    server('srvx {srvx} on Bun', 'bun', 'srvx/server.ts'),
    server('srvx {srvx} on Deno', 'deno', 'srvx/server.ts'),
    server('Express {express}', 'node', 'express/server.ts'),
    { title: 'Express 4', check: checkExpress4 },
    server('Fastify {fastify}', 'node', 'fastify/server.ts'),
    server('Koa {koa}', 'node', 'koa/server.ts'),
    { title: 'Cloudflare Workers (workerd {workerd})', check: checkWorkers },
    { title: 'Frameworks without a Request: the error says what is missing', check: checkControl },
  ],
}
