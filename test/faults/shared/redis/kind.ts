import { join } from 'node:path'
import type { Kind } from '../fault.ts'
import { clocks, windows } from './clocks.ts'
import {
  flushed,
  killed,
  killedWithFile,
  overwritten,
  promoted,
  promotedAfterLongerWindow,
} from './losses.ts'
import { evicting, outOfMemory, scriptsFlushed } from './memory.ts'
import { answerSwallowed, blackHole, pause } from './network.ts'
import type { RedisServer } from './redis-server.ts'
import { rollingRestart } from './versions.ts'

/** Nonces are in Redis, and credentials in one SQLite file. */
export const REDIS: Kind<RedisServer> = {
  name: 'Redis',
  options: (port, folder) => ({
    database: `sqlite:${join(folder, 'mac.db')}`,
    nonces: `redis://127.0.0.1:${port}`,
  }),
  faults: [
    killed,
    killedWithFile,
    flushed,
    promoted,
    promotedAfterLongerWindow,
    overwritten,
    evicting,
    outOfMemory,
    scriptsFlushed,
    pause,
    answerSwallowed,
    blackHole,
    clocks,
    windows,
    rollingRestart,
  ],
}
