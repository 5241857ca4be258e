import type { CountedAddress } from './checks/address.ts'
import type { Copies } from './checks/copies.ts'
import type { ForgedResults } from './checks/forged.ts'
import type { OptionResults } from './checks/options.ts'
import type { TargetResults } from './checks/targets.ts'
import type { SetUp } from './proxies.ts'
import type { RejectedPair } from './record.ts'

/** What was found out about one set-up. */
export interface SetUpResults {
  readonly setUp: SetUp
  readonly options: OptionResults
  /** By entry. */
  readonly targets: Readonly<Record<string, TargetResults>>
  readonly forged: ForgedResults
  readonly copies: Copies
  readonly address: CountedAddress
  /** Whether a WebSocket opens on port 80, and on port 443. */
  readonly sockets: readonly boolean[]
}

/** What was found out about one proxy. */
export interface ProxyResults {
  readonly name: string
  readonly version: string
  readonly setUps: readonly SetUpResults[]
  /** Rejected requests whose client made no mistake. */
  readonly rejected: readonly RejectedPair[]
}
