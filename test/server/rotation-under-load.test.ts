import { setTimeout as sleep } from 'node:timers/promises'
import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { authorization, type Key } from '../support/sign.ts'
import { type ServerProcess, startServer } from '../support/start-server.ts'

/** How many clients with each key send requests to each server, each one request at a time. */
const CLIENTS = 4

/** An answered request. Times are in milliseconds. */
interface Answered {
  readonly sent: number
  readonly answered: number
  readonly status: number
}

/** Sends requests, signed with a key, until `stop` is called. */
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
    /** @returns How many requests that were sent at or after `moment` are answered. */
    answeredSince: (moment: number) => all.filter(({ sent }) => sent >= moment).length,
    async stop(): Promise<readonly Answered[]> {
      stopped = true
      await Promise.all(clients)
      return all
    },
  }
}

const statuses = (answers: readonly Answered[]) => [...new Set(answers.map((each) => each.status))]

test('under load, the old key is accepted until its grace ends and always rejected after that, and the new key is always accepted', async () => {
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
  // A busy machine may answer only few in this time.
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
  // If the old key was already removed, the server only sees a wrong MAC.
  for (const code of codes) expect(['ERR_MAC_KEY_RETIRED', 'ERR_MAC_MISMATCH']).toContain(code)
})
