import { patient, postgresResend } from '../controls/mistakes.ts'
import { type Fault, hasFailures } from '../fault.ts'
import { hole, swallow } from '../network.ts'
import { Cluster } from './cluster.ts'

/** All processes stop for 3.5 seconds, and go on. */
export const pause: Fault<Cluster> = {
  name: 'stopped for 3.5 s (SIGSTOP)',
  loses: false,
  timeoutSeconds: 1,
  graceMs: 2500,
  start: () => Cluster.start(),
  async run({ store, world }) {
    await world.trouble(async () => {
      store.signalAll('SIGSTOP')
      await Bun.sleep(3500)
      store.signalAll('SIGCONT')
    })
  },
  felt: hasFailures,
  controls: [patient],
}

export const answerSwallowed: Fault<Cluster> = {
  name: 'answers swallowed after the commit',
  loses: false,
  start: () => Cluster.start(),
  run: swallow,
  felt: hasFailures,
  controls: [postgresResend],
}

export const blackHole: Fault<Cluster> = {
  name: 'black hole for 3 s',
  loses: false,
  timeoutSeconds: 1,
  graceMs: 2500,
  start: () => Cluster.start(),
  run: hole,
  felt: hasFailures,
  controls: [patient],
}
