import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const STARTS_WITHIN_MS = 30_000
const STOPS_WITHIN_MS = 10_000

/** The built application, started as in production. */
export class Server {
  #child
  #ended
  #errors = ''

  constructor(child, port) {
    this.#child = child
    this.port = port
    this.#ended = new Promise((resolve) => {
      child.on('close', (code, signal) => resolve(signal ?? code))
      child.on('error', resolve)
    })
    child.stderr.setEncoding('utf8')
    child.stderr.on('data', (chunk) => {
      this.#errors += chunk
    })
    // Its output must be read, because the server would block on a full pipe.
    child.stdout.resume()
  }

  /**
   * Starts the application on a free port, and waits until it accepts connections.
   *
   * @param more More variables, or a function of the port that returns them.
   */
  static async start(node, args, { cwd, env }, more) {
    const port = await freePort()
    const added = typeof more === 'function' ? more(port) : more
    const child = spawn(node, typeof args === 'function' ? args(port) : args, {
      cwd,
      env: { ...env, ...added, NODE_ENV: 'production', HOST: '127.0.0.1', PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const server = new Server(child, port)
    try {
      await server.#listens()
      return server
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
  }

  /**
   * Sends SIGTERM, as a service manager does. Throws if the server does not stop, or if it has printed other
   * errors than expected.
   */
  async stop(expected = /^$/) {
    this.#child.kill('SIGTERM')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOPS_WITHIN_MS)
    const end = await this.#ended
    clearTimeout(late)
    if (end === 'SIGKILL') throw new Error('it did not stop')
    // react-router-serve prints an empty line at the end.
    const errors = this.#errors.trim()
    if (!expected.test(errors)) throw new Error(`it printed errors:\n${errors}`)
  }

  async #listens() {
    const deadline = Date.now() + STARTS_WITHIN_MS
    let end
    this.#ended.then((how) => {
      end = how
    })
    while (Date.now() < deadline) {
      if (end !== undefined) throw new Error(`it ended with ${end}:\n${this.#errors}`)
      if (await acceptsConnections(this.port)) return
      await sleep(50)
    }
    throw new Error(`it did not start in time:\n${this.#errors}`)
  }
}

/**
 * Returns a port below those that systems give to connections and to servers that ask for any port. A port of these
 * could be taken again before the application listens.
 */
async function freePort() {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    if (!given.has(port) && (await canListen(port))) {
      given.add(port)
      return port
    }
  }
}

const given = new Set()

function canListen(port) {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

function acceptsConnections(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (accepts) => {
      socket.destroy()
      resolve(accepts)
    }
    socket.on('connect', () => end(true))
    socket.on('error', () => end(false))
  })
}
