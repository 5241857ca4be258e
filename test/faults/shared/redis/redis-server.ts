import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { program } from '../../../support/servers/program.ts'
import { freePort } from '../../../support/servers/store-server.ts'
import { cleanupLater } from '../../cleanup.ts'

/** How long a start may take, in milliseconds. */
const PATIENCE = 30_000

/** A Redis that can be killed and stopped. Its folder stays the same. */
export class RedisServer {
  readonly port: number
  readonly folder: string
  readonly #args: readonly string[]
  #child: Bun.Subprocess | null = null

  private constructor(port: number, folder: string, args: readonly string[]) {
    this.port = port
    this.folder = folder
    this.#args = args
  }

  /** @param args More arguments, such as `--appendonly yes`. Without them it keeps nothing on disk. */
  static async start(...args: readonly string[]): Promise<RedisServer> {
    const folder = mkdtempSync(join(tmpdir(), 'withmac-faults-'))
    cleanupLater(() => rmSync(folder, { recursive: true, force: true }))
    const server = new RedisServer(await freePort(), folder, args)
    cleanupLater(() => server.kill())
    await server.start()
    return server
  }

  /** Starts the process, and waits for the first answer. */
  async start(): Promise<void> {
    const redis = program('redis-server', 'redis-server')
    const where = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder]
    this.#child = Bun.spawn([redis, ...where, '--save', '', ...this.#args], {
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'ignore',
    })
    const end = Date.now() + PATIENCE
    for (;;) {
      try {
        await this.ask('PING')
        return
      } catch (error) {
        if (Date.now() > end) throw new Error(`Redis does not start: ${error}`)
        await Bun.sleep(50)
      }
    }
  }

  /** Sends a command, on a connection of its own that no proxy disturbs. */
  async ask(...command: readonly string[]): Promise<unknown> {
    const client = createClient({
      url: `redis://127.0.0.1:${this.port}`,
      socket: { reconnectStrategy: false, connectTimeout: 2000 },
    })
    client.on('error', () => {})
    await client.connect()
    try {
      return await client.sendCommand([...command])
    } finally {
      client.destroy()
    }
  }

  /** @returns The value of a line of INFO. */
  async info(name: string): Promise<string> {
    const text = String(await this.ask('INFO', 'everything'))
    return new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(text)?.[1] ?? ''
  }

  /** Kills it, like `kill -9`. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#child?.exited
  }

  async end(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  signal(which: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(which)
  }
}
