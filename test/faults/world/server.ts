import { join } from 'node:path'
import type { Action, CommandAnswer } from '../server/commands.ts'
import type { ServeOptions } from '../server/serve.ts'
import { type Answer, Connection } from '../traffic/connection.ts'
import { readLines } from './read-lines.ts'
import { Timeline } from './timeline.ts'

/** How long anything may take, in milliseconds, before the process counts as stuck. */
const PATIENCE = 12_000
const SCRIPT = join(import.meta.dir, '../server/serve.ts')

/** What is added to a process's environment. */
type Env = Readonly<Record<string, string>>

/** What came of a command: see `commands.ts`; `lost` where the process ended first. */
export type CommandOutcome =
  | { done: unknown }
  | { code: string; message: string }
  | 'lost'
  | 'timeout'

/** A server process, as the harness sees it. */
export class Server {
  readonly name: string
  /** What is added to its clock, in seconds. While it is being changed, both values are in force. */
  readonly clock: Timeline<readonly number[]>
  /** The latest failures of its store, by its own account. */
  readonly failures: string[] = []
  /** When it was started, in milliseconds since 1970. */
  readonly startedAt: number = Date.now()
  /** When the harness began to end it, in milliseconds since 1970. */
  endingSince: number = Number.POSITIVE_INFINITY
  /** How it ended, where it did so by itself. */
  crash: string | null = null
  port = 0
  readonly #child: Bun.Subprocess<'pipe', 'pipe', 'pipe'>
  readonly #idle: Connection[] = []
  readonly #commands = new Map<number, (outcome: CommandOutcome) => void>()
  #number = 0
  #errors = ''

  private constructor(name: string, command: readonly string[], env: Env, options: ServeOptions) {
    this.name = name
    this.clock = new Timeline<readonly number[]>([options.clock])
    this.#child = Bun.spawn([...command, SCRIPT, JSON.stringify(options)], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
      env: { ...process.env, ...env },
    })
  }

  /** Starts one, and waits until it listens. */
  static async start(
    name: string,
    command: readonly string[],
    env: Env,
    options: ServeOptions,
  ): Promise<Server> {
    const server = new Server(name, command, env, options)
    const ready = server.#listenToIt()
    void server.#watchErrors()
    void server.#watchEnd()
    const late = Bun.sleep(PATIENCE).then(() => 'late')
    if ((await Promise.race([ready, late, server.#child.exited])) === 'ready') return server
    server.#child.kill('SIGKILL')
    throw new Error(`${name} did not start: ${server.#errors}`)
  }

  get pid(): number {
    return this.#child.pid
  }

  get up(): boolean {
    return this.endingSince === Number.POSITIVE_INFINITY && this.crash === null
  }

  /** Sends the bytes of one request, once; `refused` where nobody listens. */
  async exchange(text: string): Promise<Answer | 'refused'> {
    let connection = this.#idle.pop() ?? null
    if (connection === null || connection.closed) connection = await Connection.open(this.port)
    if (connection === null) return 'refused'
    const answer = await connection.exchange(text, PATIENCE)
    if (!this.up) connection.close()
    else if (!connection.closed) this.#idle.push(connection)
    return answer
  }

  async command(action: Action): Promise<CommandOutcome> {
    if (!this.up) return 'lost'
    const number = ++this.#number
    const outcome = new Promise<CommandOutcome>((resolve) => this.#commands.set(number, resolve))
    this.#child.stdin.write(`${JSON.stringify({ ...action, number })}\n`)
    this.#child.stdin.flush()
    let timer: Timer | undefined
    const late = new Promise<'timeout'>((resolve) => {
      timer = setTimeout(() => resolve('timeout'), PATIENCE)
    })
    const first = await Promise.race([outcome, late])
    clearTimeout(timer)
    this.#commands.delete(number)
    return first
  }

  /** Ends it as `kill -9` does. */
  async kill(): Promise<void> {
    this.endingSince = Math.min(this.endingSince, Date.now())
    this.#child.kill('SIGKILL')
    await this.#child.exited
  }

  /** Lets it finish its requests, close the database and end; kills it where that takes too long. */
  async stop(): Promise<'stopped' | 'killed'> {
    const stopping = this.command({ do: 'stop' })
    this.endingSince = Date.now()
    await stopping
    for (const connection of this.#idle) connection.close()
    const ended = this.#child.exited.then(() => 'stopped' as const)
    const first = await Promise.race([ended, Bun.sleep(PATIENCE).then(() => 'killed' as const)])
    if (first === 'killed') await this.kill()
    return first
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  #listenToIt(): Promise<'ready'> {
    return new Promise((resolve) => {
      void readLines(this.#child.stdout, (line) => {
        const said = JSON.parse(line) as { port: number } | { failure: string } | CommandAnswer
        if ('port' in said) {
          this.port = said.port
          resolve('ready')
        } else if ('failure' in said) {
          this.failures.push(said.failure)
          if (this.failures.length > 20) this.failures.shift()
        } else {
          this.#commands.get(said.number)?.(said)
        }
      })
    })
  }

  #watchErrors(): Promise<void> {
    return readLines(this.#child.stderr, (line) => {
      this.#errors = `${this.#errors}${line}\n`.slice(-4000)
    })
  }

  async #watchEnd(): Promise<void> {
    const code = await this.#child.exited
    if (this.endingSince === Number.POSITIVE_INFINITY) {
      this.crash = `exit code ${code}, signal ${this.#child.signalCode}; it said: ${this.#errors}`
    }
    for (const settle of this.#commands.values()) settle('lost')
    for (const connection of this.#idle) connection.close()
  }
}
