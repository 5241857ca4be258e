import { type SyncNotes, syncNotes } from '../power/sync-notes.ts'
import type { Random } from '../random.ts'
import { judge, type Purpose } from '../traffic/judge.ts'
import { Sent } from '../traffic/sent.ts'
import { Tally } from '../traffic/tally.ts'
import { INVARIANTS, Violations } from '../violations.ts'
import { Floor } from './floor.ts'
import type { KnownCredential } from './known-credential.ts'
import { Ledger } from './ledger.ts'
import { Server } from './server.ts'
import { Timeline } from './timeline.ts'

/** The settings of a world. */
export interface WorldSettings {
  /** The folder for the notes of the handlers. */
  readonly folder: string
  /** The database file. */
  readonly path: string
  /** The folder of the small disk, or `null` if the database is on the normal disk. */
  readonly smallDisk: string | null
  readonly windowSeconds: number
  readonly processes: number
  /** Whether credentials are managed through a separate `Mac` in the same process. */
  readonly apart: boolean
  /** Whether the processes note their syncs. */
  readonly notesSyncs: boolean
  /** The command that runs the script of a server. */
  readonly command: readonly string[]
}

/** What hinders the database now. `held`: another process holds the lock, or a process was stopped. */
export type Hindrance = 'none' | 'held' | 'full'

/** A database file, the processes that serve it, and the state that both must have. */
export class World {
  readonly settings: WorldSettings
  /** Random choices of the fault in the current round. */
  random: Random
  /** Random choices of requests. Their number and order depend on the speed of the machine. */
  readonly dice: Random
  readonly servers: Server[] = []
  readonly hindrance: Timeline<Hindrance> = new Timeline<Hindrance>('none')
  readonly credentials: KnownCredential[] = []
  readonly ledger: Ledger
  /** The syncs that the processes noted, if they do. */
  readonly syncs: SyncNotes | null
  readonly floor: Floor
  /** Of the current round. */
  violations: Violations = new Violations(INVARIANTS)
  tally: Tally = new Tally()
  /** The last events, for the report of a violation. */
  readonly events: string[] = []
  #started = 0

  constructor(settings: WorldSettings, random: Random) {
    this.settings = settings
    this.random = random
    this.dice = random.branch()
    this.ledger = new Ledger(settings.folder)
    this.syncs = settings.notesSyncs ? syncNotes(settings.folder) : null
    this.floor = new Floor(settings.windowSeconds)
  }

  /** The processes that should answer. */
  get up(): Server[] {
    return this.servers.filter((server) => server.up)
  }

  /** Notes an action of the harness, for the report of a violation. */
  note(event: string): void {
    this.events.push(`${new Date().toISOString()} ${event}`)
    if (this.events.length > 40) this.events.shift()
  }

  /** Starts a process in a place, in which no other process runs. */
  async start(place: number, path: string = this.settings.path): Promise<Server> {
    const name = `p${place}.${++this.#started}`
    const { windowSeconds, command, apart } = this.settings
    const own = path === this.settings.path
    const env = own ? (this.syncs?.env ?? {}) : {}
    const server = await Server.start(name, command, env, {
      database: `sqlite:${path}`,
      windowSeconds,
      apart,
      clock: 0,
      log: own ? this.ledger.newLog(name) : null,
    })
    if (own) this.servers[place] = server
    this.note(`started ${name} (pid ${server.pid})`)
    return server
  }

  async kill(server: Server): Promise<void> {
    this.note(`kill -9 ${server.name}`)
    await server.kill()
  }

  /** Sets the clock of a process, in seconds ahead of the real time. */
  async setClock(server: Server, seconds: number): Promise<void> {
    this.note(`clock of ${server.name} to ${seconds}`)
    server.clock.set([...server.clock.current, seconds])
    this.floor.clockWas(seconds)
    await server.command({ do: 'clock', seconds })
    server.clock.set([seconds])
    this.floor.clocksAre(this.up.flatMap(({ clock }) => clock.current))
  }

  /** @returns A new request, with a timestamp that this process should accept. */
  fresh(server: Server, credential: KnownCredential, forged = false): Sent {
    const { windowSeconds } = this.settings
    const now = Math.floor(Date.now() / 1000) + Math.max(...server.clock.current)
    const reach = windowSeconds - 4
    const skew = this.dice.chance(0.7) ? 0 : this.dice.between(-reach, reach)
    // Sometimes the timestamp may be below the floor of removed nonces.
    const least = this.dice.chance(0.95) ? this.floor.bound() + 1 : 0
    const ts = Math.max(now + skew, Math.min(least, now + reach))
    const sent = new Sent(credential, ts, forged)
    this.floor.sent(ts)
    this.ledger.add(sent)
    return sent
  }

  /** Sends a request to a process, and checks the outcome. */
  async send(server: Server, sent: Sent, purpose: Purpose): Promise<string> {
    const from = Date.now()
    const answer = await server.exchange(sent.text)
    return judge(this, { server, sent, purpose, from, to: Date.now(), answer })
  }

  /** A credential that stays valid. */
  get steady(): KnownCredential {
    const [first] = this.credentials
    if (first === undefined) throw new Error('a world without credentials')
    return first
  }

  async end(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()))
  }
}
