import { Clock } from '../support/clock.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { serverOnFile } from '../support/server-on-file.ts'

test('no replay is accepted if the clock is set back after nonces were removed', async () => {
  using folder = temporaryFolder()
  const clock = new Clock()
  const { mac, send } = await serverOnFile(folder.path('mac.db'), clock)
  const start = clock.seconds
  expect(await send(start, 'first')).toBe('200')
  clock.seconds += 301
  expect(await mac.prune()).toBe(1)
  clock.seconds = start
  expect(await send(start, 'first')).toBe('401 ERR_MAC_TIMESTAMP_STALE')
  clock.seconds = start + 300
  expect(await send(clock.seconds, 'fresh')).toBe('200')
  await mac.close()
})

test('of two windows on one file the longer one decides, and no replay is accepted', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const clock = new Clock()
  const wide = await serverOnFile(path, clock, { windowSeconds: 3600 })
  const narrow = await serverOnFile(path, clock, { windowSeconds: 10 })
  const start = clock.seconds
  expect(await wide.send(start, 'first')).toBe('200')
  clock.seconds += 11
  expect(await narrow.mac.prune()).toBe(0)
  expect(await narrow.send(clock.seconds, 'second')).toBe('200')
  expect(await wide.send(start, 'first')).toBe('401 ERR_MAC_REPLAY')
  clock.seconds = start + 10_000
  expect(await narrow.mac.prune()).toBe(2)
  clock.seconds = start + 20
  expect(await wide.send(start, 'first')).toBe('401 ERR_MAC_REPLAY')
  await Promise.all([wide.mac.close(), narrow.mac.close()])
})

test('a wide window on a file that had a narrow one accepts no replay', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const clock = new Clock()
  const narrow = await serverOnFile(path, clock, { windowSeconds: 10 })
  const start = clock.seconds
  expect(await narrow.send(start, 'first')).toBe('200')
  clock.seconds += 11
  expect(await narrow.mac.prune()).toBe(1)
  const wide = await serverOnFile(path, clock, { windowSeconds: 3600 })
  expect(await wide.send(start, 'first')).toBe('401 ERR_MAC_TIMESTAMP_STALE')
  expect(await wide.send(clock.seconds, 'fresh')).toBe('200')
  await Promise.all([wide.mac.close(), narrow.mac.close()])
})
