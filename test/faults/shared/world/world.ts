import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Key } from '../../../support/sign.ts'
import type { Random } from '../../random.ts'
import { Violations } from '../../violations.ts'
import type { ServeOptions } from '../server/serve.ts'
import { type Reply, ServerProcess } from '../server/server-process.ts'
import { judge } from './judge.ts'
import { Sent } from './sent.ts'
import { Tally } from './tally.ts'

/** Why a request is sent: it is new; it is sent several times at once; or it was sent before. */
export type Purpose = 'fresh' | 'copy' | 'replay'

/** What must always be true. */
export const INVARIANTS = {
  once: 'no nonce is accepted twice',
  reason: 'every rejection of a fresh request has a stated reason that explains it',
  deadline: 'every answer comes within the deadline',
  recovery: 'servers accept requests again without a restart',
  crash: 'no server crashes',
  felt: 'the fault had an effect',
  right: 'the fault is handled as designed',
} as const

/** What a server may have of its own. */
export interface ServerChoice {
  readonly clock: number
  readonly windowSeconds: number
  /** The module with `createMac`. */
  readonly entry: string
}

export interface WorldSettings {
  /** The folder for the ledgers of the servers. */
  readonly folder: string
  /** The command that runs the script of a server. */
  readonly command: readonly string[]
  readonly mac: Pick<ServeOptions['mac'], 'database' | 'nonces' | 'storeTimeoutSeconds'>
  /** The deadline by which answers are judged. */
  readonly timeoutSeconds: number
  readonly choices: readonly ServerChoice[]
  /** Whether the fault may lose nonces, so that requests may be rejected for a time afterwards. */
  readonly loses: boolean
  /** Whether some timestamps are far from the clock. */
  readonly skews: boolean
  /** For how long after a trouble requests may still get a 503, in milliseconds. */
  readonly graceMs: number
}

/** A time in which the store is in trouble, in milliseconds since 1970. */
export interface Trouble {
  readonly from: number
  to: number
}

/** Servers on one store, what was sent to them, and what they answered. */
export class World {
  readonly settings: WorldSettings
  readonly key: Key
  /** Random choices of requests. Their number depends on the speed of the machine. */
  readonly dice: Random
  /** One in each place. Some may have ended. */
  readonly servers: ServerProcess[] = []
  readonly tally: Tally = new Tally()
  readonly violations: Violations<keyof typeof INVARIANTS> = new Violations(INVARIANTS)
  readonly troubles: Trouble[] = []
  /** The requests that were accepted, in the order of the answers. */
  readonly accepted: Sent[] = []
  /** Requests whose fate no answer told. */
  readonly unsure: Sent[] = []
  readonly #ledgers: string[] = []
  #started = 0

  constructor(settings: WorldSettings, key: Key, dice: Random) {
    this.settings = settings
    this.key = key
    this.dice = dice
  }

  get up(): ServerProcess[] {
    return this.servers.filter((server) => server.up)
  }

  /** The longest window of all servers: how far ahead a timestamp may be. */
  get aheadSeconds(): number {
    const own = this.servers.map(({ options }) => options.mac.windowSeconds ?? 0)
    return Math.max(...own, ...this.settings.choices.map(({ windowSeconds }) => windowSeconds))
  }

  /** Starts a server in a place, in which no other runs. */
  async start(
    place: number,
    choice: ServerChoice | undefined = this.settings.choices[place],
  ): Promise<ServerProcess> {
    if (choice === undefined) throw new Error(`there is no place ${place}`)
    const name = `server ${place}.${++this.#started}`
    const { folder, command, mac } = this.settings
    const ledger = join(folder, `ledger-${this.#started}`)
    this.#ledgers.push(ledger)
    const { clock, windowSeconds, entry } = choice
    const server = await ServerProcess.start(name, command, {
      entry,
      mac: { ...mac, windowSeconds },
      clock,
      ledger,
    })
    this.servers[place] = server
    return server
  }

  /** Does something that hinders the store. Until it ends, and a little longer, servers may answer 503. */
  async trouble<Result>(work: () => Promise<Result>): Promise<Result> {
    const trouble = { from: Date.now(), to: Number.POSITIVE_INFINITY }
    this.troubles.push(trouble)
    try {
      return await work()
    } finally {
      trouble.to = Date.now()
    }
  }

  /** @returns A new request with the timestamp of a server's clock, or one so many seconds later. */
  fresh(server: ServerProcess, least = 0, most: number = least): Sent {
    const now = Math.floor(Date.now() / 1000) + server.options.clock
    return new Sent(this.key, now + this.dice.between(least, most))
  }

  /** Sends a request to a server, and checks the answer. */
  async send(server: ServerProcess, sent: Sent, purpose: Purpose): Promise<Reply> {
    const from = Date.now()
    const reply = await server.order({ do: 'verify', header: sent.header })
    judge(this, { server, sent, purpose, reply, from, to: Date.now() })
    return reply
  }

  /** Compares the ledgers of the servers. Each nonce may be in them once, whatever the answers were. */
  readLedgers(): void {
    const times = new Map<string, number>()
    for (const ledger of this.#ledgers) {
      for (const nonce of readFileSync(ledger, 'utf8').split('\n')) {
        if (nonce !== '') times.set(nonce, (times.get(nonce) ?? 0) + 1)
      }
    }
    const twice = [...times].filter(([, count]) => count > 1)
    this.tally.twice = twice.length
    for (const [nonce, count] of twice) {
      this.violations.add('once', `the ledgers have the nonce ${nonce} ${count} times`)
    }
    for (const { nonce } of this.accepted) {
      if (!times.has(nonce)) throw new Error(`${nonce} was accepted, but is in no ledger`)
    }
    for (const { name, crash } of this.servers) {
      if (crash !== null) this.violations.add('crash', `${name}: ${crash}`)
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()))
  }
}
