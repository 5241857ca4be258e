import { Clock } from '../support/clock.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { serverOnFile } from '../support/server-on-file.ts'

test('a clock that is set back after nonces were removed lets no replay in', async () => {
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

test('two windows on one file let no replay in, and the longer one has its way', async () => {
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

test('a narrow window that came first lets no replay into a wide one', async () => {
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
