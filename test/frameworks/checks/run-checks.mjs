import { cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '../tools/client.mjs'
import { demandAnswer, demandRejection } from './answers.mjs'
import { BOTH } from './both.mjs'

const PUBLIC = 'https://orders.example.com'

/** Installs, type-checks and builds an application, and sends requests to the built server. */
export async function runChecks(report, framework, application, { tarball, types }) {
  const ready =
    (await report.check('npm install installs the tarball', () => application.install(tarball))) &&
    (await report.check('the types fit without a cast', async () => {
      const beside = application.path(join(framework.typesBeside, 'types-checked-here.ts'))
      cpSync(types, beside)
      await application.run('check')
      rmSync(beside)
    })) &&
    (await report.check('it builds for production, without opening a database', async () => {
      await application.run('build')
      for (const name of ['orders.db', 'mac.db']) {
        if (existsSync(application.path(name))) throw new Error(`the build made ${name}`)
      }
    })) &&
    (await report.check('the seed script can run twice', async () => {
      await application.run('seed')
      await application.run('seed')
    }))
  if (!ready) return console.log('  No other check ran: all of them need what failed here.')

  const { server, behindProxy } = framework
  let authorization
  await serve(
    report,
    'as behind a proxy that ends TLS',
    application,
    server,
    behindProxy,
    async (port) => {
      const client = new Client(port, PUBLIC)
      for (const [name, check] of [...BOTH, ...framework.checks]) {
        await report.check(name, () => check(client))
      }
      await report.check('a request signed for the server’s own address gets 401', async () => {
        const own = new Client(port).sign('GET', '/orders')
        demandRejection(
          await client.send('GET', '/orders', { authorization: own }),
          'ERR_MAC_REJECTED',
        )
      })
      authorization = client.sign('GET', '/orders')
      await client.send('GET', '/orders', { authorization })
    },
  )

  await serve(report, 'again', application, server, behindProxy, async (port) => {
    await report.check('a request from before the restart is still a replay', async () => {
      const again = await new Client(port, PUBLIC).send('GET', '/orders', { authorization })
      demandRejection(again, 'ERR_MAC_REPLAY')
    })
  })

  await serve(report, 'without a proxy', application, server, {}, async (port) => {
    await report.check('a request signed for the server’s own address is accepted', async () => {
      const answer = await new Client(port).signed('GET', '/orders?page=2')
      demandAnswer(answer, 200, { user: 'ada', page: '2' })
    })
  })
}

/** Runs `work` with the built server. Its start and its stop are checks too. */
async function serve(report, how, application, args, env, work) {
  let server
  const start = async () => {
    server = await application.start(args, env)
  }
  if (!(await report.check(`the built server starts ${how}`, start))) return
  try {
    await work(server.port)
  } finally {
    await report.check('it stops on SIGTERM, and has printed no errors', () => server.stop())
  }
}
