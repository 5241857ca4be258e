import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { AS_NOBODY } from '../../../support/needs.ts'
import { program } from '../../../support/servers/program.ts'
import { freePort } from '../../../support/servers/store-server.ts'
import { cleanupLater } from '../../cleanup.ts'
import { runCommand } from '../run-command.ts'

/** The user and group `nobody` of Debian. PostgreSQL does not run as root. */
const NOBODY = 65_534
/** How long a start may take, in milliseconds. */
const PATIENCE = 30_000

/** Settings of the server, such as `{ synchronous_commit: 'off' }`. */
export type PostgresSettings = Readonly<Record<string, string>>

const ALWAYS: PostgresSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '16MB',
  max_connections: '40',
  min_wal_size: '4MB',
  wal_keep_size: '64MB',
  log_min_messages: 'fatal',
}

let template: Promise<string> | null = null

/** Makes a folder for the user that runs PostgreSQL. */
function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'withmac-faults-'))
  if (AS_NOBODY.length > 0) chownSync(folder, NOBODY, NOBODY)
  cleanupLater(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Returns the data of a new cluster, to copy. It is made once. */
function templateData(): Promise<string> {
  template ??= makeTemplate()
  return template
}

async function makeTemplate(): Promise<string> {
  const data = join(ownFolder(), 'data')
  const initdb = program('initdb', 'postgresql')
  // Short segments of the log, so that a full disk is felt soon.
  const options = ['-U', 'postgres', '-A', 'trust', '--no-sync', '--wal-segsize=1']
  await runCommand(...AS_NOBODY, initdb, '-D', data, ...options)
  return data
}

/** A PostgreSQL whose processes can be killed and stopped. */
export class Cluster {
  readonly port: number
  readonly data: string
  readonly #settings: PostgresSettings
  #child: Bun.Subprocess<'ignore', 'ignore', 'pipe'> | null = null
  #log = ''

  private constructor(port: number, data: string, settings: PostgresSettings) {
    this.port = port
    this.data = data
    this.#settings = settings
  }

  /**
   * Starts a new cluster, with a database and a role `app` that owns it and has no other rights.
   * @param folder The folder for its data. Default: a new one in the temporary folder.
   */
  static async start(
    settings: PostgresSettings = {},
    folder: string = ownFolder(),
  ): Promise<Cluster> {
    if (AS_NOBODY.length > 0) chownSync(folder, NOBODY, NOBODY)
    const data = join(folder, 'data')
    await runCommand('cp', '-a', await templateData(), data)
    const cluster = new Cluster(await freePort(), data, settings)
    cleanupLater(() => cluster.stop())
    await cluster.start()
    await cluster.ask('create role app login')
    await cluster.ask('create database app owner app')
    return cluster
  }

  /** Starts a standby of a cluster. @param from The port at which it connects to the primary. */
  static async standbyOf(primary: Cluster, from: number): Promise<Cluster> {
    const data = join(ownFolder(), 'data')
    const base = program('pg_basebackup', 'postgresql')
    const url = `postgres://postgres@127.0.0.1:${primary.port}/postgres`
    const options = ['--wal-method=stream', '--checkpoint=fast', '--no-sync']
    await runCommand(...AS_NOBODY, base, '-d', url, '-D', data, ...options)
    await runCommand(...AS_NOBODY, 'touch', join(data, 'standby.signal'))
    const cluster = new Cluster(await freePort(), data, {
      primary_conninfo: `host=127.0.0.1 port=${from} user=postgres`,
    })
    cleanupLater(() => cluster.stop())
    await cluster.start()
    return cluster
  }

  /** Starts the processes, unless they run, and waits for the first answer. */
  async start(): Promise<void> {
    const settings = Object.entries({ ...ALWAYS, ...this.#settings })
    const args = settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const postgres = program('postgres', 'postgresql')
    const end = Date.now() + PATIENCE
    for (;;) {
      if (this.ended) {
        this.#child = Bun.spawn(
          [...AS_NOBODY, postgres, '-D', this.data, '-p', String(this.port), ...args],
          { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' },
        )
        void this.#read(this.#child.stderr)
      }
      try {
        await this.ask('select 1')
        return
      } catch (error) {
        if (Date.now() > end) throw new Error(`PostgreSQL does not start: ${error}; ${this.#log}`)
        await Bun.sleep(50)
      }
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const chunk of stream) {
      this.#log = (this.#log + new TextDecoder().decode(chunk)).slice(-4000)
    }
  }

  /** Runs a statement as the superuser, on a connection of its own that no proxy disturbs. */
  async ask(sql: string, database = 'postgres'): Promise<Record<string, unknown>[]> {
    const client = await this.connect(database)
    try {
      return (await client.query(sql)).rows as Record<string, unknown>[]
    } finally {
      await client.end()
    }
  }

  /** Opens a connection of its own. */
  async connect(database = 'postgres', user = 'postgres'): Promise<Client> {
    const connectionString = `postgres://${user}@127.0.0.1:${this.port}/${database}`
    const client = new Client({ connectionString, connectionTimeoutMillis: 2000 })
    client.on('error', () => {})
    await client.connect()
    return client
  }

  get postmaster(): number {
    return this.#child?.pid ?? 0
  }

  /** Whether the postmaster has ended. */
  get ended(): boolean {
    return this.#child === null || this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** The processes of the postmaster: backends, and those that work in the background. */
  get children(): number[] {
    const pid = this.postmaster
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return text === '' ? [] : text.split(' ').map(Number)
  }

  /** @returns The processes that serve the role `app`. */
  async backends(): Promise<number[]> {
    const rows = await this.ask("select pid from pg_stat_activity where usename = 'app'")
    return rows.map(({ pid }) => Number(pid))
  }

  /** Stops the process that writes the log in the background, as a disk that does not answer. */
  async stopLogWriter(): Promise<number> {
    const [row] = await this.ask(
      "select pid from pg_stat_activity where backend_type = 'walwriter'",
    )
    const pid = Number(row?.pid)
    signal(pid, 'SIGSTOP')
    return pid
  }

  /** Kills the postmaster and all of its processes at once, and waits until they are gone. */
  async killAll(): Promise<void> {
    const pids = [this.postmaster, ...this.children]
    for (const pid of pids) signal(pid, 'SIGKILL')
    // The child is reaped by this. Otherwise its lock file would forbid the next start.
    await this.#child?.exited
    while (pids.some(isAlive)) await Bun.sleep(10)
  }

  /** Sends a signal to the postmaster and all of its processes. */
  signalAll(which: 'SIGSTOP' | 'SIGCONT'): void {
    for (const pid of [this.postmaster, ...this.children]) signal(pid, which)
  }

  /** Ends it, and removes its data. */
  async end(): Promise<void> {
    await this.stop()
    rmSync(this.data, { recursive: true, force: true })
  }

  /** Ends it at once, without a checkpoint. */
  async stop(): Promise<void> {
    if (this.#child === null) return
    for (const each of ['SIGQUIT', 'SIGCONT'] as const) this.#child.kill(each)
    const late = Bun.sleep(5000).then(() => 'late')
    if ((await Promise.race([this.#child.exited, late])) === 'late') await this.killAll()
  }
}

function signal(pid: number, which: NodeJS.Signals): void {
  try {
    process.kill(pid, which)
  } catch {
    // It has ended meanwhile.
  }
}

function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !/\) [ZX] /.test(stat)
  } catch {
    return false
  }
}
