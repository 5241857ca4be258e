import { sql } from 'kysely'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/types.ts'
import { TrafficCounters } from '../../src/store/usage/traffic-counters.ts'
import { databaseContent } from '../support/database-content.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { stored } from '../support/stored.ts'
import { withDatabase } from '../support/with-database.ts'
import { expected, lines } from './traffic-contract.ts'

/** The start of an hour. */
const NOW = 472_222 * 3600
const HOUR = 3600
let count = 0

/** Opens a store on a new file, with the credential `ada`. */
async function opened() {
  const folder = temporaryFolder()
  const path = folder.path('mac.db')
  const stores: Store[] = []
  const open = async (traffic: TrafficCounters) => {
    const store = await openStore({ path, driver: 'own' }, { traffic })
    stores.push(store)
    return store
  }
  const traffic = new TrafficCounters()
  const store = await open(traffic)
  await store.credentials.insert(stored('ada'))
  return {
    ...{ path, store, traffic, open },
    rows: () => databaseContent(path).rows.mac_traffic ?? [],
    async [Symbol.asyncDispose]() {
      for (const each of stores) await each.close().catch(() => {})
      folder[Symbol.dispose]()
    },
  }
}

function record(store: Store, now: number) {
  const nonce = { timestamp: NOW, credential: 'ada', keyNumber: 1, nonce: `n${count++}`, now }
  return store.nonces.record(nonce)
}

test('rejected requests write nothing until a request is accepted, and then one row for each code', async () => {
  await using file = await opened()
  const before = databaseContent(file.path)
  for (let at = 0; at < 500; at++) {
    file.traffic.count('ERR_MAC_MISMATCH', NOW + (at % 60))
    file.traffic.countNamed('ada', 'ERR_MAC_MISMATCH', NOW + (at % 60), true)
    file.traffic.count('ERR_MAC_MISSING', NOW + (at % 60))
  }
  expect(databaseContent(file.path)).toEqual(before)
  await record(file.store, NOW + 59)
  expect(file.rows()).toEqual([
    ['', 60, NOW, 'ERR_MAC_MISMATCH', 500],
    ['', 60, NOW, 'ERR_MAC_MISSING', 500],
    ['', HOUR, NOW, 'ERR_MAC_MISMATCH', 500],
    ['', HOUR, NOW, 'ERR_MAC_MISSING', 500],
    ['ada', 60, NOW, 'ERR_MAC_MISMATCH', 500],
    ['ada', HOUR, NOW, 'ERR_MAC_MISMATCH', 500],
  ])
})

test('a nonce that is not new writes no traffic', async () => {
  await using file = await opened()
  const nonce = { timestamp: NOW, credential: 'ada', keyNumber: 1, nonce: 'same', now: NOW }
  await file.store.nonces.record(nonce)
  const other = await file.open(new TrafficCounters())
  file.traffic.count('ERR_MAC_REPLAY', NOW)
  await file.store.nonces.record(nonce)
  await other.nonces.record(nonce)
  expect(file.rows()).toEqual([])
})

test('traffic is written at most once a minute, and the rest when the store is closed', async () => {
  await using file = await opened()
  await withDatabase(file.path, async (db) => {
    await sql`create table writes (seconds integer not null)`.execute(db)
    for (const event of ['insert', 'update']) {
      await sql`create trigger ${sql.ref(`count_${event}`)} after ${sql.raw(event)} on mac_traffic
        when new.credential = '' begin insert into writes values (new.seconds); end`.execute(db)
    }
  })
  /** How many rows of minutes were written. */
  const writes = () =>
    (databaseContent(file.path).rows.writes ?? []).filter(([seconds]) => seconds === 60).length
  for (let second = 0; second < 180; second += 5) {
    file.traffic.count('accepted', NOW + second)
    await record(file.store, NOW + second)
  }
  // At 0, 60 and 120 seconds: the first with one minute, each other with two.
  expect(writes()).toBe(5)
  await file.store.close()
  expect(writes()).toBe(6)
  const sum = (seconds: number) =>
    file.rows().reduce((all, row) => all + (row[1] === seconds ? Number(row[4]) : 0), 0)
  expect([sum(60), sum(HOUR)]).toEqual([36, 36])
})

test('the traffic of two stores on one file adds up', async () => {
  await using file = await opened()
  const traffic = new TrafficCounters()
  const other = await file.open(traffic)
  const events: { at: number; code: string }[] = []
  for (let at = NOW; at < NOW + 300; at++) {
    for (const [counters, store] of [
      [file.traffic, file.store],
      [traffic, other],
    ] as const) {
      counters.count('accepted', at)
      counters.countOf('ada', 'accepted', at)
      events.push({ at, code: 'accepted' })
      if (at % 7 === 0) await record(store, at)
    }
  }
  await file.store.close()
  await other.close()
  const reader = await file.open(new TrafficCounters())
  for (const credential of [null, 'ada']) {
    const read = lines(await reader.traffic(NOW + 300, credential))
    expect(read).toEqual(expected(events, NOW + 300))
  }
})

test('rows are removed when they no longer count, also those of a clock that was ahead', async () => {
  await using file = await opened()
  for (let at = NOW; at < NOW + 40 * HOUR; at += 300) {
    file.traffic.count('accepted', at)
    file.traffic.countOf('ada', 'accepted', at)
    await record(file.store, at)
  }
  const starts = (seconds: number) =>
    file.rows().flatMap((row) => (row[1] === seconds ? [row[2]] : []))
  expect(starts(60).length).toBeLessThan(2 * 15)
  expect(starts(HOUR).length).toBeLessThan(2 * 27)
  const ahead = NOW + 400 * HOUR
  file.traffic.count('accepted', ahead)
  await record(file.store, ahead)
  expect(starts(60)).toEqual([ahead])
  file.traffic.count('accepted', NOW)
  await record(file.store, NOW)
  expect(starts(60)).toEqual([NOW])
})

test('with very many credentials, the most active are written, and the total stays exact', async () => {
  await using file = await opened()
  const ids = Array.from({ length: 300 }, (_, at) => `c${at}`)
  for (const id of ids) await file.store.credentials.insert(stored(id))
  for (const [at, id] of ids.entries()) {
    for (let time = 0; time <= at; time++) {
      file.traffic.count('accepted', NOW)
      file.traffic.countOf(id, 'accepted', NOW)
    }
    // Anyone can send these.
    for (let time = 0; time < 1000; time++) {
      file.traffic.count('ERR_MAC_MISMATCH', NOW)
      file.traffic.countNamed(id, 'ERR_MAC_MISMATCH', NOW, true)
    }
  }
  await record(file.store, NOW)
  const ofMinute = file.rows().filter((row) => row[1] === 60)
  const own = ofMinute.filter(([credential]) => credential !== '')
  expect(own.map(([credential]) => credential).sort()).toEqual(ids.slice(-128).sort())
  expect(new Set(own.map((row) => row[3]))).toEqual(new Set(['accepted']))
  expect(ofMinute.filter(([credential]) => credential === '')).toEqual([
    ['', 60, NOW, 'ERR_MAC_MISMATCH', 300_000],
    ['', 60, NOW, 'accepted', (300 * 301) / 2],
  ])
})

test('if the traffic cannot be written, requests are accepted, and it is written later', async () => {
  await using file = await opened()
  await withDatabase(file.path, (db) =>
    sql`alter table mac_traffic rename to elsewhere`.execute(db),
  )
  file.traffic.count('accepted', NOW)
  const printed: unknown[] = []
  const { error } = console
  console.error = (...all: unknown[]) => printed.push(all[0])
  try {
    expect(await record(file.store, NOW)).toMatchObject({ verdict: 'new' })
  } finally {
    console.error = error
  }
  expect(String(printed)).toContain('lastUsed, failures and traffic are out of date')
  await withDatabase(file.path, (db) =>
    sql`alter table elsewhere rename to mac_traffic`.execute(db),
  )
  await record(file.store, NOW + 60)
  expect(file.rows()).toEqual([
    ['', 60, NOW, 'accepted', 1],
    ['', HOUR, NOW, 'accepted', 1],
  ])
})

test('a store is closed even if it cannot write the traffic', async () => {
  await using file = await opened()
  await withDatabase(file.path, (db) => sql`drop table mac_traffic`.execute(db))
  file.traffic.count('accepted', NOW)
  await file.store.close()
})

test('the memory is bounded if no request is accepted for days', () => {
  const traffic = new TrafficCounters()
  let all = 0
  for (let minute = 0; minute < 3 * 24 * 60; minute++) {
    for (const code of ['ERR_MAC_MISSING', 'ERR_MAC_MISMATCH']) {
      traffic.count(code, NOW + minute * 60)
      all++
    }
    for (let id = 0; id < 5; id++) {
      traffic.countNamed(`c${id}`, 'ERR_MAC_MISMATCH', NOW + minute * 60, true)
      traffic.countNamed(`${minute} ${id}`, 'ERR_MAC_MISMATCH', NOW + minute * 60, false)
    }
  }
  const rows = [...traffic.of(null)]
  // 60 minutes with their hours, and 24 hours, of two codes.
  expect(rows.length).toBeLessThanOrEqual(2 * (2 * 60 + 24))
  expect([...traffic.of('c0')].length).toBeLessThanOrEqual(2 * 16)
  const lastDay = rows.filter(({ seconds, start }) => seconds === HOUR && start >= NOW + 49 * HOUR)
  expect(all).toBe(3 * 24 * 120)
  expect(lastDay.reduce((sum, row) => sum + row.count, 0)).toBe(23 * 120)
  expect(traffic.all().length).toBeLessThanOrEqual(2 * (2 * 60 + 24) + 5 * 2 * 16)
})

test('a clock that goes back and forth loses no count of the last hour', () => {
  const traffic = new TrafficCounters()
  for (let step = 0; step < 1000; step++) traffic.count('accepted', NOW + ((step * 37) % 60) * 60)
  const minutes = [...traffic.of(null)].filter(({ seconds }) => seconds === 60)
  expect(minutes.reduce((sum, row) => sum + row.count, 0)).toBe(1000)
})
