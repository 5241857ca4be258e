import type { Kind } from '../fault.ts'
import { clocks, insertsBesideCleanup, windows } from './clocks.ts'
import type { Cluster } from './cluster.ts'
import { killBackend, killBackendUnsynced, killPostmaster } from './crashes.ts'
import { deleteByHand, truncateCanary, truncateNonces } from './hand.ts'
import { connectionsUsedUp, diskFull, statementTimeout } from './limits.ts'
import { answerSwallowed, blackHole, pause } from './network.ts'
import { promotion, promotionAfterLongerWindow } from './promotion.ts'
import { newerTables, rollingRestart } from './versions.ts'

export const POSTGRES: Kind<Cluster> = {
  name: 'PostgreSQL',
  options: (port) => ({ database: `postgres://app@127.0.0.1:${port}/app` }),
  faults: [
    killBackend,
    killBackendUnsynced,
    killPostmaster,
    pause,
    promotion,
    promotionAfterLongerWindow,
    answerSwallowed,
    blackHole,
    connectionsUsedUp,
    statementTimeout,
    diskFull,
    truncateNonces,
    deleteByHand,
    truncateCanary,
    clocks,
    windows,
    insertsBesideCleanup,
    rollingRestart,
    newerTables,
  ],
}
