import { TrafficCounters } from '../../src/store/usage/traffic-counters.ts'
import { afterAll, afterEach } from '../support/runner.ts'
import type { Opener } from './contract-stores.ts'
import { credentialContract } from './credential-contract.ts'
import { nonceContract } from './nonce-contract.ts'
import { trafficContract } from './traffic-contract.ts'
import { usageContract } from './usage-contract.ts'

/** The tests that every store must pass. At their end, what the stores share is stopped too. */
export function storeContract(opener: Opener): void {
  /** What was opened during a test. It is closed in reverse order afterwards. */
  const undos: (() => unknown)[] = []
  const open = (traffic: TrafficCounters) => opener.open({ traffic }, (undo) => undos.push(undo))
  afterEach(async () => {
    for (const undo of undos.splice(0).reverse()) await undo()
  })
  afterAll(() => opener.end())
  credentialContract(() => open(new TrafficCounters()))
  nonceContract(() => open(new TrafficCounters()))
  usageContract(() => open(new TrafficCounters()))
  trafficContract(open)
}
