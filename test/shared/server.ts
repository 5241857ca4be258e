import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { endOf } from '../support/process.ts'

/** A store that runs for a test on a free port. It can be stopped and started again. */
export interface StoreServer extends AsyncDisposable {
  readonly url: string
  /** Stops its answers without closing connections. */
  freeze(): void
  thaw(): void
  stop(): Promise<void>
  start(): Promise<void>
}

/** Runs a command that listens on a port, and waits until it accepts connections. */
export async function storeServer(
  url: string,
  port: number,
  command: readonly [string, ...string[]],
  ready: () => Promise<void>,
): Promise<StoreServer> {
  let child: ChildProcess
  let ended: Promise<number | null>
  const start = async () => {
    const [file, ...args] = command
    child = spawn(file, args, { stdio: ['ignore', 'ignore', 'ignore'] })
    ended = endOf(child)
    await acceptsConnections(port, child)
    await ready()
  }
  const stop = async () => {
    // PostgreSQL then ends at once. Redis has nothing to save.
    child.kill('SIGQUIT')
    child.kill('SIGTERM')
    await ended
  }
  await start()
  return {
    url,
    start,
    stop,
    freeze: () => signalAll(child, 'SIGSTOP'),
    thaw: () => signalAll(child, 'SIGCONT'),
    [Symbol.asyncDispose]: stop,
  }
}

/** Sends a signal to a process and its children: PostgreSQL has one for each connection. */
function signalAll({ pid = 0 }: ChildProcess, signal: 'SIGSTOP' | 'SIGCONT'): void {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  for (const each of [pid, ...(children === '' ? [] : children.split(' ').map(Number))]) {
    process.kill(each, signal)
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
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) throw new Error(`the store ended with ${child.exitCode}`)
    if (await connects(port)) return
    await setTimeout(50)
  }
  throw new Error('the store accepted no connection within half a minute')
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
