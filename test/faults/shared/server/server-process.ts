import { join } from 'node:path'
import { readLines } from '../../world/read-lines.ts'
import type { Answer, Order, ServeOptions } from './serve.ts'

const SCRIPT = join(import.meta.dir, 'serve.ts')
/** After this time without an answer a process counts as stuck, in milliseconds. */
const PATIENCE = 15_000

/** What the process did with an order. `lost`: it ended first. `stuck`: no answer in time. */
export type Reply = Answer | 'lost' | 'stuck'

type Message =
  | { readonly ready: true | Omit<Answer, 'ms'> }
  | (Answer & { readonly number: number })

/** A server process. */
export class ServerProcess {
  readonly name: string
  readonly options: ServeOptions
  /** Whether the harness has begun to end it. */
  ending = false
  /** How it ended, if the harness did not end it. */
  crash: string | null = null
  /** Why it could not open its store at its start; `null` if it could. */
  refusal: Omit<Answer, 'ms'> | null = null
  readonly #child: Bun.Subprocess<'pipe', 'pipe', 'pipe'>
  readonly #open = new Map<number, (reply: Reply) => void>()
  #number = 0
  #errors = ''
  #opened = () => {}

  private constructor(name: string, command: readonly string[], options: ServeOptions) {
    this.name = name
    this.options = options
    this.#child = Bun.spawn([...command, SCRIPT, JSON.stringify(options)], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
      env: { PATH: process.env.PATH, HOME: process.env.HOME },
    })
  }

  /** Starts a process, and waits until it has opened its store, or was refused. */
  static async start(
    name: string,
    command: readonly string[],
    options: ServeOptions,
  ): Promise<ServerProcess> {
    const server = new ServerProcess(name, command, options)
    const opened = new Promise<'opened'>((resolve) => {
      server.#opened = () => resolve('opened')
    })
    void server.#readOutput()
    void readLines(server.#child.stderr, (line) => {
      server.#errors = `${server.#errors}${line}\n`.slice(-4000)
    })
    void server.#watchEnd()
    const late = Bun.sleep(PATIENCE).then(() => 'late')
    if ((await Promise.race([opened, late, server.#child.exited])) === 'opened') return server
    await server.kill()
    throw new Error(`${name} did not start: ${server.#errors}`)
  }

  get up(): boolean {
    return !this.ending && this.crash === null
  }

  async order(order: Order): Promise<Reply> {
    if (!this.up) return 'lost'
    const number = ++this.#number
    const reply = new Promise<Reply>((resolve) => {
      const timer = setTimeout(() => settle('stuck'), PATIENCE)
      const settle = (value: Reply) => {
        clearTimeout(timer)
        this.#open.delete(number)
        resolve(value)
      }
      this.#open.set(number, settle)
    })
    try {
      this.#child.stdin.write(`${JSON.stringify({ ...order, number })}\n`)
      this.#child.stdin.flush()
    } catch {
      // It has just ended.
      this.#open.get(number)?.('lost')
    }
    return reply
  }

  /** Stops the process after its requests, with the store closed. Kills it if that takes too long. */
  async stop(): Promise<'stopped' | 'killed'> {
    const reply = this.order({ do: 'stop' })
    this.ending = true
    const first = await Promise.race([reply, this.#child.exited])
    await this.kill()
    return first === 'stuck' ? 'killed' : 'stopped'
  }

  signal(which: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(which)
  }

  async kill(): Promise<void> {
    this.ending = true
    this.#child.kill('SIGKILL')
    await this.#child.exited
  }

  #readOutput(): Promise<void> {
    return readLines(this.#child.stdout, (line) => {
      const message = JSON.parse(line) as Message
      if ('ready' in message) {
        this.refusal = message.ready === true ? null : message.ready
        this.#opened()
      } else this.#open.get(message.number)?.(message)
    })
  }

  async #watchEnd(): Promise<void> {
    const code = await this.#child.exited
    if (!this.ending) {
      this.crash = `exit code ${code}, signal ${this.#child.signalCode}; stderr: ${this.#errors}`
    }
    for (const settle of this.#open.values()) settle('lost')
  }
}
