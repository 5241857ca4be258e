import { existsSync } from 'node:fs'
import { demandAnswer, demandRejection } from './answers.mjs'
import { Client } from './client.mjs'
import { BODY_BEHIND_GUARD, CONTRACT } from './contract.mjs'

const PUBLIC = 'https://orders.example.com'

/**
 * Sends requests to a built application with the routes of {@link CONTRACT}.
 *
 * @param server The arguments of Node that start it.
 * @param behindProxy Variables by which it assumes the origin of a proxy that ends TLS.
 * @param direct Variables by which it serves its own address; a function of its port.
 * @param logs What the server may print as errors: by default nothing.
 * @param checks More checks, as in the contract.
 */
export async function checkApplication(
  { report, application },
  { server, behindProxy = {}, direct = {}, logs, checks = [] },
) {
  await report.check('the build did not open a database', () => {
    for (const name of ['orders.db', 'mac.db']) {
      if (existsSync(application.path(name))) throw new Error(`it made ${name}`)
    }
  })
  const isSeeded = await report.check('the seed script can run twice', async () => {
    await application.run('seed')
    await application.run('seed')
  })
  if (!isSeeded) return

  let authorization
  await serve('as behind a proxy that ends TLS', behindProxy, async (port) => {
    const client = new Client(port, PUBLIC)
    for (const [name, check] of [...CONTRACT, BODY_BEHIND_GUARD, ...checks]) {
      await report.check(name, () => check(client))
    }
    await report.check('a request signed for the server’s own address gets 401', async () => {
      const own = new Client(port).sign('GET', '/orders')
      const answer = await client.send('GET', '/orders', { authorization: own })
      demandRejection(answer, 'ERR_MAC_REJECTED')
    })
    authorization = client.sign('GET', '/orders')
    await client.send('GET', '/orders', { authorization })
  })

  await serve('again', behindProxy, async (port) => {
    await report.check('a request from before the restart is still a replay', async () => {
      const again = await new Client(port, PUBLIC).send('GET', '/orders', { authorization })
      demandRejection(again, 'ERR_MAC_REPLAY')
    })
  })

  await serve('without a proxy', direct, async (port) => {
    await report.check('a request signed for the server’s own address is accepted', async () => {
      const answer = await new Client(port).signed('GET', '/orders?page=2')
      demandAnswer(answer, 200, { user: 'ada', page: '2' })
    })
    await report.check('the signing client follows a redirect, and signs again', async () => {
      const answer = await (await application.macFetch())(`http://127.0.0.1:${port}/old-orders`)
      const body = await answer.json()
      demandAnswer({ status: answer.status, body }, 200, { user: 'ada', page: '2' })
    })
  })

  /** Runs `work` with the built server. Its start and its stop are checks too. */
  async function serve(how, env, work) {
    let running
    const start = async () => {
      running = await application.start(server, env)
    }
    if (!(await report.check(`the built server starts ${how}`, start))) return
    try {
      await work(running.port)
    } finally {
      await report.check('it stops on SIGTERM, and has printed no errors', () => running.stop(logs))
    }
  }
}
