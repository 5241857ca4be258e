import { setTimeout } from 'node:timers/promises'
import { createClient } from 'redis'
import { temporaryFolder } from '../folder.ts'
import { program } from './program.ts'
import { freePort, type StoreServer, storeServer } from './store-server.ts'

/** The programs that speak the protocol of Redis. Their packages on Debian have the same names. */
export type RedisProgram = 'redis-server' | 'valkey-server'

/**
 * Starts a Redis. By default it keeps nothing on disk.
 * @param settings Arguments, such as `--appendonly yes`.
 */
export async function startRedis(
  settings: readonly string[] = [],
  name: RedisProgram = 'redis-server',
): Promise<StoreServer> {
  const file = program(name, name)
  const port = await freePort()
  const folder = temporaryFolder()
  const given = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder.path('.')]
  const server = await storeServer({
    ...{ url: `redis://127.0.0.1:${port}`, port, stopSignal: 'SIGTERM' },
    command: [file, ...given, '--save', '', '--appendonly', 'no', ...settings],
    ready: () => hasLoaded(port),
  })
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      await server.stop()
      folder[Symbol.dispose]()
    },
  })
}

/** A cluster of Redis. */
export interface RedisCluster extends AsyncDisposable {
  /** The URL of one of its nodes. */
  readonly url: string
  readonly nodes: readonly StoreServer[]
}

const SLOTS = 16_384

/** Starts a cluster of three nodes without replicas. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const nodes = await Promise.all([1, 2, 3].map(startNode))
  const end = async () => {
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()))
  }
  try {
    const [first, ...others] = nodes as [StoreServer, ...StoreServer[]]
    for (const [at, { port }] of nodes.entries()) {
      const from = Math.floor((at * SLOTS) / nodes.length)
      const to = Math.floor(((at + 1) * SLOTS) / nodes.length) - 1
      await ask(port, 'CLUSTER', 'SET-CONFIG-EPOCH', String(at + 1))
      await ask(port, 'CLUSTER', 'ADDSLOTSRANGE', String(from), String(to))
    }
    const bus = /cport=(\d+)|@(\d+)/.exec(String(await ask(first.port, 'CLUSTER', 'NODES')))
    const busPort = bus?.[1] ?? bus?.[2] ?? ''
    for (const { port } of others) {
      await ask(port, 'CLUSTER', 'MEET', '127.0.0.1', String(first.port), busPort)
    }
    for (const { port } of nodes) await untilAnswer(port, /cluster_state:ok/, 'CLUSTER', 'INFO')
    for (const { port } of nodes) await untilAnswer(port, /size:3/, 'CLUSTER', 'INFO')
    return { url: first.url, nodes, [Symbol.asyncDispose]: end }
  } catch (error) {
    await end()
    throw error
  }
}

async function startNode(): Promise<StoreServer> {
  const bus = ['--cluster-port', String(await freePort())]
  return startRedis(['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', ...bus])
}

/** Waits until Redis has read its files. */
function hasLoaded(port: number): Promise<void> {
  return untilAnswer(port, /^PONG$/, 'PING')
}

async function untilAnswer(port: number, expected: RegExp, ...command: string[]): Promise<void> {
  let last = ''
  for (let tries = 0; tries < 1500; tries++) {
    last = String(await ask(port, ...command).catch((error) => error))
    if (expected.test(last)) return
    await setTimeout(20)
  }
  throw new Error(`${command.join(' ')} answered no ${expected} within half a minute: ${last}`)
}

/** Sends one command on a connection of its own. */
async function ask(port: number, ...command: string[]): Promise<unknown> {
  const client = createClient({ url: `redis://127.0.0.1:${port}` })
  client.on('error', () => {})
  await client.connect()
  try {
    return await client.sendCommand(command)
  } finally {
    client.destroy()
  }
}
