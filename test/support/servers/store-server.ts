import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { AS_NOBODY } from '../as-nobody.ts'
import { endOf } from '../process.ts'

/** A server that runs for a test on a free port of the loopback address. It can be stopped and started again. */
export interface StoreServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** The process, which has another number after each start. */
  readonly pid: number
  /** Stops its answers without closing connections. */
  freeze(): void
  thaw(): void
  stop(): Promise<void>
  /** Kills the process, like `kill -9`, and waits until its children have ended too. */
  kill(): Promise<void>
  start(): Promise<void>
}

/** How to run a server. */
export interface ServerCommand {
  readonly url: string
  readonly port: number
  readonly command: readonly string[]
  /** The signal that ends it soon. */
  readonly stopSignal: 'SIGQUIT' | 'SIGTERM'
  /** The signal that it gets if the tests are killed. By default it cannot be ignored. */
  readonly deathSignal?: 'QUIT' | 'TERM'
  /** Whether it runs as `nobody` if root runs the tests: PostgreSQL does not run as root. */
  readonly asNobody?: boolean
  /** Resolves when it answers. By default that is when it accepts connections. */
  ready?(): Promise<void>
}

/**
 * Runs a server, and waits until it answers. The kernel ends it if the process that runs the tests ends, also if
 * that was killed.
 */
export async function storeServer(given: ServerCommand): Promise<StoreServer> {
  const { url, port, stopSignal } = given
  let child: ChildProcess
  let ended: Promise<number | null>
  const start = async () => {
    const before = given.asNobody === true ? AS_NOBODY : []
    const [file = '', ...args] = before.length === 0 ? ['setpriv'] : before
    const last = `--pdeathsig=${given.deathSignal ?? 'KILL'}`
    child = spawn(file, [...args, last, ...given.command], { stdio: 'ignore' })
    ended = endOf(child)
    await acceptsConnections(port, child)
    await given.ready?.()
  }
  const end = async (signal: NodeJS.Signals) => {
    const children = childrenOf(child)
    child.kill(signal)
    // A stopped process acts on the signal when it continues.
    child.kill('SIGCONT')
    await ended
    for (const pid of children) while (isRunning(pid)) await setTimeout(5)
  }
  await start()
  const stop = () => end(stopSignal)
  return {
    ...{ url, port, start, stop },
    get pid() {
      return child.pid ?? 0
    },
    kill: () => end('SIGKILL'),
    freeze: () => signalAll(child, 'SIGSTOP'),
    thaw: () => signalAll(child, 'SIGCONT'),
    [Symbol.asyncDispose]: stop,
  }
}

/** Sends a signal to a process and its children: PostgreSQL has one for each connection. */
function signalAll(child: ChildProcess, signal: 'SIGSTOP' | 'SIGCONT'): void {
  for (const each of [child.pid ?? 0, ...childrenOf(child)]) process.kill(each, signal)
}

/** @returns The children of a process; none if it has ended. */
function childrenOf({ pid = 0, exitCode, signalCode }: ChildProcess): number[] {
  if (exitCode !== null || signalCode !== null) return []
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return children === '' ? [] : children.split(' ').map(Number)
}

/** @returns Whether a process exists, and is not a zombie. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** @returns A port that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' ? (address?.port ?? 0) : 0
      server.close(() => resolve(port))
    })
  })
}

async function acceptsConnections(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 3000; tries++) {
    const status = child.exitCode ?? child.signalCode
    if (status !== null) throw new Error(`${child.spawnargs.join(' ')} ended with ${status}`)
    if (await connects(port)) return
    await setTimeout(10)
  }
  throw new Error('the server accepted no connection within half a minute')
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (is: boolean) => {
      socket.destroy()
      resolve(is)
    }
    socket.on('connect', () => end(true))
    socket.on('error', () => end(false))
  })
}
