import { check } from './checks.mjs'
import { withDatabase } from './database.mjs'
import { send } from './raw.mjs'
import { startServer } from './server-process.mjs'
import { ADA, signed } from './sign.mjs'

const HOST = 'example.com'

/** Checks that a killed server rejects, after its restart, everything that it answered with 200. */
export function restart(adapter) {
  return withDatabase(async (place) => {
    const start = () =>
      startServer({ adapter, ...place, handlers: ['required'], credentials: [ADA] })
    const first = await start()
    const before = requests(16)
    check('before', await statuses(first.ports.required, before), { 200: 16 })

    // The server is killed after a few answers. The outcome of the other requests is unknown.
    const answered = []
    const few = new Promise((enough) => {
      for (const request of requests(64)) {
        send(first.ports.required, request).then(({ status }) => {
          if (status === 200 && answered.push(request) >= 8) enough()
        })
      }
    })
    await Promise.race([few, seconds(10)])
    await first.kill()
    check('some were answered before the kill', answered.length >= 8, true)

    const second = await start()
    const { required } = second.ports
    check('replays after the restart', await statuses(required, before), { 401: 16 })
    const replays = await statuses(required, answered)
    check('replays of the last answers', replays, { 401: answered.length })
    check('fresh ones after the restart', await statuses(required, requests(4)), { 200: 4 })
    await second.kill()
  })
}

function requests(count) {
  return Array.from({ length: count }, (_, index) => signed({ target: `/${index}`, host: HOST }))
}

/** How many answers of each status come to requests that are sent at the same time. */
async function statuses(port, all) {
  const answers = await Promise.all(all.map((request) => send(port, request)))
  const counts = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

function seconds(count) {
  return new Promise((resolve) => setTimeout(resolve, count * 1000))
}
