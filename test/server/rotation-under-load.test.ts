import { setTimeout as sleep } from 'node:timers/promises'
import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { authorization, type Key } from '../support/sign.ts'
import { type ServerProcess, startServer } from '../support/start-server.ts'

/** How many clients of each key send requests one after another, to each server. */
const CLIENTS = 4

/** A request that was answered: when it was sent and answered, by the clock in milliseconds. */
interface Answered {
  readonly sent: number
  readonly answered: number
  readonly status: number
}

/** Signs and sends requests with a key until it is stopped. */
function traffic(key: Key, servers: readonly ServerProcess[]) {
  const all: Answered[] = []
  let stopped = false
  const client = async ({ url }: ServerProcess) => {
    while (!stopped) {
      const sent = Date.now()
      const response = await fetch(url, {
        headers: { authorization: authorization(key, `${url}/`) },
      })
      await response.arrayBuffer()
      all.push({ sent, answered: Date.now(), status: response.status })
    }
  }
  const clients = servers.flatMap((server) => Array.from({ length: CLIENTS }, () => client(server)))
  return {
    /** How many that were sent from a moment on are answered. */
    answeredSince: (moment: number) => all.filter(({ sent }) => sent >= moment).length,
    async stop(): Promise<readonly Answered[]> {
      stopped = true
      await Promise.all(clients)
      return all
    },
  }
}

const statuses = (answers: readonly Answered[]) => [...new Set(answers.map((each) => each.status))]

test('with a grace of two seconds, under load, no request of either key is refused before its end, and every one of the old key after', async () => {
  using folder = temporaryFolder()
  const database = `sqlite:${folder.path('mac.db')}`
  const mac = createMac({ database })
  const old = await mac.createCredential('ada')
  await using one = await startServer({ database })
  await using two = await startServer({ database })
  const servers = [one, two]
  const oldTraffic = traffic(old, servers)
  await sleep(300)
  const rotatedAt = Date.now()
  const fresh = await mac.rotateCredential(old.id, { graceSeconds: 2 })
  const freshTraffic = traffic(fresh, servers)
  const ends = fresh.oldKey?.graceEnds.getTime() ?? 0
  expect(ends - rotatedAt).toBeGreaterThanOrEqual(2000)
  expect(ends - rotatedAt).toBeLessThan(4000)
  await sleep(ends - Date.now())
  // A busy machine answers few in any given time.
  while (oldTraffic.answeredSince(ends) <= 10) await sleep(20)
  const [byOld, byFresh] = await Promise.all([oldTraffic.stop(), freshTraffic.stop()])
  await mac.close()

  const before = byOld.filter(({ answered }) => answered < ends)
  const after = byOld.filter(({ sent }) => sent >= ends)
  expect(before.length).toBeGreaterThan(50)
  expect(after.length).toBeGreaterThan(10)
  expect(byFresh.length).toBeGreaterThan(50)
  expect(statuses(before)).toEqual([200])
  expect(statuses(after)).toEqual([401])
  expect(statuses(byFresh)).toEqual([200])
  const codes = new Set(servers.flatMap(({ rejections }) => rejections.map(({ code }) => code)))
  // The key itself may have been removed by then, so that nobody knows any more what it was.
  for (const code of codes) expect(['ERR_MAC_KEY_RETIRED', 'ERR_MAC_MISMATCH']).toContain(code)
})
