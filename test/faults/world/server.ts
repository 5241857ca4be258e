import { join } from 'node:path'
import type { Action, CommandAnswer, CommandOutcome } from '../server/commands.ts'
import type { ServeOptions } from '../server/serve.ts'
import type { Answer } from '../traffic/connection.ts'
import { Pool } from '../traffic/pool.ts'
import { readLines } from './read-lines.ts'
import { Timeline } from './timeline.ts'

/** After this time without an answer a process counts as stuck, in milliseconds. */
const PATIENCE = 12_000
const SCRIPT = join(import.meta.dir, '../server/serve.ts')

/** Additional environment variables of a process. */
type Env = Readonly<Record<string, string>>

/** A server process. */
export class Server {
  readonly name: string
  /** The offset of its clock, in seconds. During a change both values are possible. */
  readonly clock: Timeline<readonly number[]>
  /** The latest failures of its store that it has reported. */
  readonly failures: string[] = []
  /** When it was started, in milliseconds since 1970. */
  readonly startedAt: number = Date.now()
  /** When the harness began to end it, in milliseconds since 1970. */
  endingSince: number = Number.POSITIVE_INFINITY
  /** How it ended, if the harness did not end it. */
  crash: string | null = null
  port = 0
  readonly #child: Bun.Subprocess<'pipe', 'pipe', 'pipe'>
  #pool: Pool | null = null
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

  /** Starts a process, and waits until it listens. */
  static async start(
    name: string,
    command: readonly string[],
    env: Env,
    options: ServeOptions,
  ): Promise<Server> {
    const server = new Server(name, command, env, options)
    const ready = server.#readOutput()
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

  /** Sends the bytes of one request, once. @returns `refused` if nothing listens on the port. */
  async exchange(text: string): Promise<Answer | 'refused'> {
    return this.#pool === null ? 'refused' : this.#pool.exchange(text)
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

  /** Kills the process, like `kill -9`. */
  async kill(): Promise<void> {
    this.endingSince = Math.min(this.endingSince, Date.now())
    this.#child.kill('SIGKILL')
    await this.#child.exited
  }

  /** Stops the process after its requests, with the database closed. Kills it if that takes too long. */
  async stop(): Promise<'stopped' | 'killed'> {
    const stopping = this.command({ do: 'stop' })
    this.endingSince = Date.now()
    await stopping
    this.#pool?.close()
    const ended = this.#child.exited.then(() => 'stopped' as const)
    const first = await Promise.race([ended, Bun.sleep(PATIENCE).then(() => 'killed' as const)])
    if (first === 'killed') await this.kill()
    return first
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  #readOutput(): Promise<'ready'> {
    return new Promise((resolve) => {
      void readLines(this.#child.stdout, (line) => {
        const message = JSON.parse(line) as { port: number } | { failure: string } | CommandAnswer
        if ('port' in message) {
          this.port = message.port
          this.#pool = new Pool(message.port, PATIENCE)
          resolve('ready')
        } else if ('failure' in message) {
          this.failures.push(message.failure)
          if (this.failures.length > 20) this.failures.shift()
        } else {
          this.#commands.get(message.number)?.(message)
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
      this.crash = `exit code ${code}, signal ${this.#child.signalCode}; stderr: ${this.#errors}`
    }
    for (const settle of this.#commands.values()) settle('lost')
    this.#pool?.close()
  }
}
