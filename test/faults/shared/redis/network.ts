import { patient, redisResend } from '../controls/mistakes.ts'
import { type Fault, hasFailures } from '../fault.ts'
import { hole, swallow } from '../network.ts'
import { RedisServer } from './redis-server.ts'

/** The process stops for 3.5 seconds, and goes on. */
export const pause: Fault<RedisServer> = {
  name: 'stopped for 3.5 s (SIGSTOP)',
  loses: false,
  timeoutSeconds: 1,
  graceMs: 2500,
  start: () => RedisServer.start(),
  async run({ store, world }) {
    await world.trouble(async () => {
      store.signal('SIGSTOP')
      await Bun.sleep(3500)
      store.signal('SIGCONT')
    })
  },
  felt: hasFailures,
  controls: [patient],
}

export const answerSwallowed: Fault<RedisServer> = {
  name: 'answers swallowed after the write',
  loses: false,
  start: () => RedisServer.start(),
  run: swallow,
  felt: hasFailures,
  controls: [redisResend],
}

export const blackHole: Fault<RedisServer> = {
  name: 'black hole for 3 s',
  loses: false,
  timeoutSeconds: 1,
  graceMs: 2500,
  start: () => RedisServer.start(),
  run: hole,
  felt: hasFailures,
  controls: [patient],
}
