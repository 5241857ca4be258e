import { join } from 'node:path'
import { readLines } from '../world/read-lines.ts'
import type { ReplicaOptions } from './server.ts'

const SCRIPT = join(import.meta.dir, 'server.ts')

/** A place behind the proxy: a server process on one port, which can be killed and started again. */
export class Replica {
  readonly name: string
  /** The latest failures that it has reported. */
  readonly failures: string[] = []
  readonly options: ReplicaOptions
  readonly #command: readonly string[]
  #child: Bun.Subprocess<'pipe', 'pipe', 'pipe'> | null = null
  #errors = ''
  /** How it ended, if the harness did not end it. */
  crash: string | null = null

  constructor(name: string, command: readonly string[], options: ReplicaOptions) {
    this.name = name
    this.options = options
    this.#command = command
  }

  /** Starts the process, and waits until it listens. */
  async start(): Promise<void> {
    const child = Bun.spawn([...this.#command, SCRIPT, JSON.stringify(this.options)], {
      ...{ stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' },
    })
    this.#child = child
    const ready = new Promise<void>((resolve) => {
      void readLines(child.stdout, (line) => {
        if (line === 'ready') return resolve()
        this.failures.push(line)
        if (this.failures.length > 20) this.failures.shift()
      })
    })
    void readLines(child.stderr, (line) => {
      this.#errors = `${this.#errors}${line}\n`.slice(-4000)
    })
    const ended = child.exited.then((code) => {
      if (this.#child === child) this.crash = `${this.name} ended with ${code}: ${this.#errors}`
      return 'ended'
    })
    if ((await Promise.race([ready, ended])) === 'ended') throw new Error(this.crash ?? 'ended')
  }

  /** Kills the process, like `kill -9`. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = null
    child?.kill('SIGKILL')
    await child?.exited
  }
}
