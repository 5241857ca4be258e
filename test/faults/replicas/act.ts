import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { startNginx } from '../../support/servers/nginx.ts'
import { freePort } from '../../support/servers/store-server.ts'
import { cleanupLater } from '../cleanup.ts'
import { copyWith, SOURCE } from '../mistaken-code.ts'
import type { Random } from '../random.ts'
import { runtimeCommand } from '../runtime.ts'
import { outcomeOf } from '../traffic/judge.ts'
import { type Running, runLanes } from '../traffic/load.ts'
import { Pool } from '../traffic/pool.ts'
import { Sent } from '../traffic/sent.ts'
import { type KnownCredential, knownCredential } from '../world/known-credential.ts'
import { Counts } from './counts.ts'
import type { Engine, EngineKind } from './engines.ts'
import { readNotes } from './notes.ts'
import { Replica } from './replica.ts'

/** The runtimes of the servers. */
const RUNTIMES = ['bun', 'node-24', 'bun', 'node-24', 'bun'] as const
/** How many copies of one request are sent at once. */
const COPIES = 200
/** How many requests are under way at once. */
const LANES = 24
/** How long an answer may take, in milliseconds. Servers answer 503 after two seconds. */
const PATIENCE = 15_000
/** How long after the last kill a request must be accepted, in milliseconds, beside the window. */
const RECOVERY = 20_000

/** What an act has found. Its counts are printed while it runs. */
export interface ActResult {
  readonly replays: number
  /** What was wrong, replays included. */
  readonly problems: readonly string[]
}

/** Five servers behind nginx on one engine, and what was sent to them. */
export class Act {
  readonly #kind: EngineKind
  readonly #random: Random
  readonly #engine: Engine
  readonly #replicas: readonly Replica[]
  readonly #pool: Pool
  readonly #credential: KnownCredential
  readonly #counts = {
    fresh: new Counts(),
    copies: new Counts(),
    replays: new Counts(),
    /** Requests without a clear answer that were sent again. One of them may be accepted, once. */
    again: new Counts(),
  }
  readonly #kills = new Counts()
  readonly #problems: string[] = []
  /** The requests that were answered 200. */
  readonly #accepted: Sent[] = []
  /** The requests without a clear answer, which may have been accepted. */
  readonly #unsure: Sent[] = []

  private constructor(
    given: { kind: EngineKind; random: Random; engine: Engine; replicas: readonly Replica[] },
    pool: Pool,
    credential: KnownCredential,
  ) {
    this.#kind = given.kind
    this.#random = given.random
    this.#engine = given.engine
    this.#replicas = given.replicas
    this.#pool = pool
    this.#credential = credential
  }

  /** Starts the engine, the servers and nginx. All of them end in the cleanup. */
  static async start(kind: EngineKind, random: Random, withoutGuard: boolean): Promise<Act> {
    const engine = await kind.start()
    cleanupLater(() => engine[Symbol.asyncDispose]())
    const { database, nonces } = engine
    const { windowSeconds } = kind
    const credential = knownCredential('ada', randomBytes(24).toString('hex'), 'hmac-sha-256')
    const { id, key } = credential
    const source = withoutGuard ? copyWith(kind.withoutGuard) : SOURCE
    // The tables come from the same code: PostgreSQL has a part of the guard.
    const { createMac } = (await import(
      pathToFileURL(`${source}/index.ts`).href
    )) as typeof import('../../../src/index.ts')
    const mac = createMac({ database, ...(nonces === null ? {} : { nonces }), windowSeconds })
    await mac.createCredential('ada', { id, key, expires: null })
    await mac.close()
    const folder = mkdtempSync(join(tmpdir(), 'withmac-replicas-'))
    cleanupLater(() => rmSync(folder, { recursive: true, force: true }))
    const replicas = await Promise.all(
      RUNTIMES.map(async (runtime, at) => {
        const name = `server ${at + 1} on ${runtime}`
        const own = { port: await freePort(), log: join(folder, `${at}.log`) }
        const options = { source, database, nonces, windowSeconds, ...own }
        return new Replica(name, await runtimeCommand(runtime), options)
      }),
    )
    cleanupLater(() => Promise.all(replicas.map((replica) => replica.kill())))
    await Promise.all(replicas.map((replica) => replica.start()))
    const nginx = await startNginx(replicas.map(({ options }) => options.port))
    cleanupLater(() => nginx[Symbol.asyncDispose]())
    const pool = new Pool(nginx.port, PATIENCE)
    cleanupLater(() => pool.close())
    return new Act({ kind, random, engine, replicas }, pool, credential)
  }

  /** Runs all parts, and prints their counts. */
  async run(seconds: number): Promise<ActResult> {
    console.log(
      `  five servers behind nginx, window ${this.#kind.windowSeconds} s, load for ${seconds} s`,
    )
    await this.#untilAllAccept('at first')
    await this.#copies()
    await this.#load(seconds)
    await this.#untilAllAccept('after the last kill')
    await this.#replayAll()
    return this.#judge()
  }

  /** Sends copies of one request at once. Exactly one may be accepted, and all others are replays. */
  async #copies(): Promise<void> {
    const sent = this.#fresh()
    const outcomes = new Counts()
    await Promise.all(
      Array.from({ length: COPIES }, async () => outcomes.add(await this.#exchange(sent))),
    )
    const replays = outcomes.of('401 ERR_MAC_REPLAY')
    console.log(`  ${COPIES} copies of one request at once: ${outcomes}`)
    if (outcomes.of('200') === 1 && replays === COPIES - 1) this.#accept(sent)
    else this.#problems.push(`of ${COPIES} copies of one request, ${outcomes}${this.#failures()}`)
  }

  /** Sends requests, copies and replays, while servers and the engine are killed. */
  async #load(seconds: number): Promise<void> {
    const end = performance.now() + seconds * 1000
    const load = runLanes(LANES, () => this.#something())
    const killers = [this.#killServers(), this.#killEngine(end)]
    await Bun.sleep(seconds * 1000)
    for (const killer of killers) await killer.stop()
    await load.stop()
  }

  async #something(): Promise<void> {
    const kind = this.#random.next()
    if (kind < 0.1) return this.#replay(this.#recent())
    if (kind < 0.13) return this.#fewCopies()
    const sent = this.#fresh()
    const start = performance.now()
    const outcome = await this.#exchange(sent)
    this.#counts.fresh.add(outcome, performance.now() - start)
    this.#note(sent, outcome)
    if (!this.#mayReject(outcome)) this.#problems.push(`a fresh request was answered ${outcome}`)
    // Servers that answer at once would otherwise get more requests than a small machine can check.
    if (outcome !== '200') await Bun.sleep(20)
  }

  async #fewCopies(): Promise<void> {
    const sent = this.#fresh()
    const all = Array.from({ length: this.#random.between(2, 8) }, async () => {
      const outcome = await this.#exchange(sent)
      this.#counts.copies.add(outcome)
      return outcome
    })
    const outcomes = await Promise.all(all)
    this.#note(sent, outcomes.find((outcome) => outcome === '200') ?? 'lost')
  }

  async #replay(sent: Sent | null): Promise<void> {
    if (sent === null) return
    const { replays, again } = this.#counts
    const counts = sent.accepted > 0 ? replays : again
    const outcome = await this.#exchange(sent)
    counts.add(outcome)
    if (outcome === '200') this.#accept(sent)
  }

  /** Kills one or more servers again and again, and starts them. */
  #killServers(): Running {
    return runLanes(1, async () => {
      await Bun.sleep(this.#random.between(300, 1500))
      const victims = this.#random.shuffle(this.#replicas).slice(0, this.#random.between(1, 3))
      for (const { crash } of victims) if (crash !== null) this.#problems.push(crash)
      await Promise.all(
        victims.map(async (victim) => {
          this.#kills.add('server')
          await victim.kill()
          await Bun.sleep(this.#random.between(0, 200))
          await victim.start()
        }),
      )
    })
  }

  /** Kills the engine in each way in turn. What was accepted just before is replayed as soon as it is back. */
  #killEngine(end: number): Running {
    const { kills } = this.#engine
    const pause = this.#kind.loses ? (this.#kind.windowSeconds + 3) * 1000 : 1500
    let next = performance.now() + 2000
    let count = 0
    return runLanes(1, async () => {
      await Bun.sleep(20)
      if (performance.now() < next || performance.now() > end) return
      const kill = kills[count++ % kills.length] as (typeof kills)[0]
      this.#kills.add(kill.name)
      const latest = [...this.#accepted.slice(-1500), ...this.#unsure.slice(-500)]
      await kill.run(this.#random)
      await this.#replayThese(latest)
      next = performance.now() + this.#random.between(pause, 2 * pause)
    })
  }

  /** Replays every accepted or unsure request that is still fresh, twice. */
  async #replayAll(): Promise<void> {
    const requests = this.#stillFresh()
    await this.#replayThese([...requests, ...requests])
    console.log(
      `  at the end, ${requests.length} requests that were still fresh were sent again, twice`,
    )
  }

  async #replayThese(requests: readonly Sent[]): Promise<void> {
    const left = [...requests]
    const lane = async () => {
      for (let sent = left.pop(); sent !== undefined; sent = left.pop()) await this.#replay(sent)
    }
    await Promise.all(Array.from({ length: LANES }, lane))
  }

  /** Sends fresh requests to each server, not through nginx, until it has accepted one. */
  async #untilAllAccept(when: string): Promise<void> {
    const end = performance.now() + RECOVERY + this.#kind.windowSeconds * 1000
    const one = async ({ name, options, failures }: Replica) => {
      const pool = new Pool(options.port, PATIENCE)
      let outcome = ''
      while (outcome !== '200' && performance.now() < end) {
        const sent = this.#fresh()
        outcome = outcomeOf(await pool.exchange(sent.text))
        this.#note(sent, outcome)
        if (outcome !== '200') await Bun.sleep(50)
      }
      pool.close()
      if (outcome === '200') return
      this.#problems.push(`${name} accepted nothing ${when}: ${outcome}; ${failures.at(-1)}`)
    }
    await Promise.all(this.#replicas.map(one))
  }

  /** @returns The latest failures that servers have reported. */
  #failures(): string {
    const latest = this.#replicas.map(({ failures }) => failures.at(-1))
    return [...new Set(latest)].map((failure) => `\n    ${failure}`).join('')
  }

  #judge(): ActResult {
    const logs = this.#replicas.map(({ options }) => options.log)
    const { accepted, replays, examples } = readNotes(logs, this.#accepted)
    const { fresh, copies, replays: tried, again } = this.#counts
    console.log(`  ${this.#kills.sum} kills: ${this.#kills}`)
    console.log(
      `  fresh requests: ${fresh.sum} sent: ${fresh}; slowest ${Math.round(fresh.slowest)} ms`,
    )
    console.log(`  copies: ${copies.sum} sent: ${copies}`)
    console.log(`  replays of accepted requests: ${tried.sum} sent: ${tried}`)
    console.log(`  requests without a clear answer, sent again: ${again.sum}: ${again}`)
    console.log(`  handlers were called ${accepted} times; replays accepted: ${replays}`)
    if (replays > 0) {
      this.#problems.push(`${replays} replays were accepted, such as ${examples.join('; ')}`)
    }
    return { replays, problems: [...new Set(this.#problems)] }
  }

  /** @returns Whether a fresh request may get this outcome while servers and the engine are killed. */
  #mayReject(outcome: string): boolean {
    if (outcome === '401 ERR_MAC_TIMESTAMP_STALE') return this.#kind.loses
    return !outcome.startsWith('401') && outcome !== 'timeout'
  }

  #note(sent: Sent, outcome: string): void {
    if (outcome === '200') this.#accept(sent)
    else if (!outcome.startsWith('401')) this.#unsure.push(sent)
  }

  #accept(sent: Sent): void {
    sent.accepted++
    if (sent.accepted === 1) this.#accepted.push(sent)
  }

  #fresh(): Sent {
    return new Sent(this.#credential, Math.floor(Date.now() / 1000))
  }

  async #exchange(sent: Sent): Promise<string> {
    return outcomeOf(await this.#pool.exchange(sent.text))
  }

  /** @returns One of the latest requests that were accepted. */
  #recent(): Sent | null {
    const { length } = this.#accepted
    return this.#accepted[this.#random.between(Math.max(0, length - 2000), length - 1)] ?? null
  }

  #stillFresh(): Sent[] {
    const oldest = Date.now() / 1000 - this.#kind.windowSeconds
    return [...new Set([...this.#accepted, ...this.#unsure])].filter(({ ts }) => ts >= oldest)
  }
}
