import { check } from './checks.mjs'
import { withDatabase } from './database.mjs'
import { send } from './raw.mjs'
import { startServer } from './server-process.mjs'
import { ADA, signed } from './sign.mjs'

const ROUNDS = 8
const COPIES = 32

/** Checks two processes on one database: of many copies sent to both at once, exactly one is accepted. */
export function processes(adapter) {
  return withDatabase(async (place) => {
    const start = () =>
      startServer({ adapter, ...place, handlers: ['required'], credentials: [ADA] })
    const servers = await Promise.all([start(), start()])
    const ports = servers.map((server) => server.ports.required)
    for (let round = 1; round <= ROUNDS; round++) {
      const request = signed({ target: `/${round}`, host: 'example.com' })
      const copies = Array.from({ length: COPIES }, (_, index) => send(ports[index % 2], request))
      const answers = (await Promise.all(copies)).map(({ status }) => status)
      const rejected = answers.filter((status) => status === 401).length
      const accepted = answers.filter((status) => status === 200).length
      check(
        `${COPIES} copies, round ${round}`,
        { accepted, rejected },
        { accepted: 1, rejected: 31 },
      )
    }
    for (const server of servers) await server.kill()
  })
}
