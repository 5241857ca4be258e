import { before } from '../../deadline.ts'
import { optionalPackage } from '../../optional-package.ts'
import { lateError } from '../guard.ts'
import type { NonceSource, RedisClient } from '../nonce-source.ts'
import type { Script } from './script.ts'

/** Sends commands to Redis, or to the node of a cluster that has a key. */
export interface RedisConnection {
  /**
   * Rejects after the timeout, if there is no answer. Whether Redis still runs the command is not known then.
   * @param key The first key of the command.
   */
  send(key: string, command: readonly string[]): Promise<unknown>
  /** Closes the connection that withmac opened. The caller's client stays open. */
  close(): Promise<void>
}

/**
 * Connects to Redis through the package `redis`, or uses the caller's client. A connection is opened when it is
 * first needed.
 *
 * @throws TypeError that says what to install or to pass.
 */
export async function redisConnection(
  { url, client }: NonceSource,
  name: string,
  timeoutSeconds: number,
): Promise<RedisConnection> {
  const timing = { name, milliseconds: 1000 * timeoutSeconds }
  if (url !== null)
    return new OwnConnection(await optionalPackage('redis', 'the option nonces'), url, timing)
  const sendOn = senderOf(client as RedisClient)
  return {
    send: (key, command) => inTime(timing, sendOn(key, [...command])),
    async close() {},
  }
}

/** Runs a script. Redis knows it by its hash, once it was loaded. */
export async function runScript(
  connection: RedisConnection,
  { text, sha1 }: Script,
  keys: readonly [string, ...string[]],
  values: readonly string[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...values]
  try {
    return await connection.send(keys[0], ['EVALSHA', sha1, ...rest])
  } catch (error) {
    // Then it did not run.
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return connection.send(keys[0], ['EVAL', text, ...rest])
  }
}

/** How long a command may take, and the start of error messages. */
interface Timing {
  readonly name: string
  readonly milliseconds: number
}

function inTime<Result>({ name, milliseconds }: Timing, work: Promise<Result>): Promise<Result> {
  return before(milliseconds, work, () => lateError(name))
}

type SendOn = (key: string, command: string[]) => Promise<unknown>

/**
 * Returns how to send a command on the caller's client. Each library has its own method.
 * @throws TypeError if the client sends a command again after its connection was cut: it would then find its own
 *   nonces, and a request would be rejected as a replay.
 */
function senderOf(client: RedisClient): SendOn {
  const shape = client as unknown as Readonly<Record<string, unknown>>
  if ('call' in client) {
    const options = (shape.options ?? {}) as Readonly<Record<string, unknown>>
    if (shape.isCluster === true && options.retryDelayOnFailover !== 0) {
      throw resends('new Cluster(nodes, { retryDelayOnFailover: 0 })')
    }
    if (shape.isCluster !== true && options.autoResendUnfulfilledCommands !== false) {
      throw resends('new Redis(url, { autoResendUnfulfilledCommands: false })')
    }
    return (_, [name = '', ...rest]) => client.call(name, ...rest)
  }
  if ('send' in client) return (_, [name = '', ...rest]) => client.send(name, rest)
  // The types of its methods do not tell them apart.
  const sendCommand = (shape.sendCommand as (...given: unknown[]) => Promise<unknown>).bind(client)
  if ('getSlotRandomNode' in client) return (key, command) => sendCommand(key, false, command)
  if ('getSentinelNode' in client) return (_, command) => sendCommand(false, command)
  return (_, command) => sendCommand(command)
}

function resends(write: string): TypeError {
  return new TypeError(
    'withmac: nonces: this client of ioredis sends a command again after its connection was cut, so a new ' +
      `request could be rejected as a replay. Make one for withmac: ${write}`,
  )
}

type Redis = typeof import('redis')

/** A client of the package `redis`. */
interface OpenClient {
  readonly send: SendOn
  destroy(): void
}

/**
 * A connection that withmac opens. If a command gets no answer in time, or the connection fails, it is dropped,
 * and the next command opens a new one. No command is sent twice.
 */
class OwnConnection implements RedisConnection {
  readonly #redis: Redis
  readonly #url: string
  readonly #timing: Timing
  #current: Attempt | null = null
  #closed = false
  /** The nodes of the cluster, once they are known. The one in the URL may be down later. */
  #nodes: readonly string[] = []

  constructor(redis: Redis, url: string, timing: Timing) {
    this.#redis = redis
    this.#url = url
    this.#timing = timing
  }

  async send(key: string, command: readonly string[]): Promise<unknown> {
    if (this.#closed) throw new Error('the connection was closed')
    this.#current ??= this.#begin()
    const attempt = this.#current
    try {
      return await inTime(
        this.#timing,
        attempt.client.then((client) => client.send(key, [...command])),
      )
    } catch (error) {
      if (error instanceof this.#redis.ErrorReply) throw error
      this.#drop(attempt)
      // The other commands on this connection fail for the same reason.
      attempt.reason ??= error
      throw attempt.reason
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#current !== null) this.#drop(this.#current)
  }

  /** Opens a connection. If it fails while nothing is sent, the next command opens another one. */
  #begin(): Attempt {
    const attempt: Attempt = new Attempt((opened) =>
      this.#open(opened, (error) => {
        attempt.reason ??= error
        this.#drop(attempt)
      }),
    )
    return attempt
  }

  /** The settings of each socket: a connection that fails is not opened again by itself. */
  #socket() {
    return { connectTimeout: this.#timing.milliseconds, reconnectStrategy: false } as const
  }

  #drop(attempt: Attempt): void {
    if (this.#current === attempt) this.#current = null
    attempt.drop()
  }

  /**
   * @param opened Is called with each client that was created.
   * @param lost Is called if the connection fails. In a cluster, the next command to that node fails instead.
   */
  async #open(
    opened: (client: { destroy(): void }) => void,
    lost: (error: unknown) => void,
  ): Promise<OpenClient> {
    const { createClient } = this.#redis
    const socket = this.#socket()
    const client = createClient({ url: this.#url, disableOfflineQueue: true, socket })
    client.on('error', lost)
    opened(client)
    if (this.#nodes.length > 0) return this.#openCluster(opened)
    await client.connect()
    if (!String(await client.sendCommand(['INFO', 'cluster'])).includes('cluster_enabled:1')) {
      // A process ends also if it does not close its Mac. A command that waits has a timer, which keeps it running.
      client.unref()
      return { send: (_, command) => client.sendCommand(command), destroy: () => client.destroy() }
    }
    client.destroy()
    return this.#openCluster(opened)
  }

  async #openCluster(opened: (client: { destroy(): void }) => void): Promise<OpenClient> {
    const { protocol, username, password } = new URL(this.#url)
    const socket = this.#socket()
    const tls = protocol === 'rediss:' ? ({ tls: true } as const) : {}
    const cluster = this.#redis.createCluster({
      rootNodes: [this.#url, ...this.#nodes].map((url) => ({ url })),
      defaults: {
        ...(username === '' ? {} : { username: decodeURIComponent(username) }),
        ...(password === '' ? {} : { password: decodeURIComponent(password) }),
        ...{ disableOfflineQueue: true, socket: { ...socket, ...tls } },
      },
    })
    cluster.on('error', () => {})
    cluster.on('node-error', () => {})
    opened(cluster)
    await cluster.connect()
    const nodes = [...cluster.masters, ...cluster.replicas]
    this.#nodes = nodes.map(({ address }) => `${protocol}//${address}`)
    for (const { client } of nodes) (await client)?.unref()
    return {
      send: (key, command) => cluster.sendCommand(key, false, command),
      destroy: () => cluster.destroy(),
    }
  }
}

/** An attempt to open a client. It can be dropped before it is open. */
class Attempt {
  /** Why it was dropped. */
  reason: unknown = null
  readonly client: Promise<OpenClient>
  readonly #created: { destroy(): void }[] = []
  #isDropped = false

  constructor(open: (opened: (client: { destroy(): void }) => void) => Promise<OpenClient>) {
    this.client = open((client) => {
      this.#created.push(client)
      if (this.#isDropped) this.drop()
    })
    this.client.catch(() => {})
  }

  drop(): void {
    this.#isDropped = true
    for (const client of this.#created.splice(0)) {
      try {
        client.destroy()
      } catch {
        // It was not open.
      }
    }
  }
}
