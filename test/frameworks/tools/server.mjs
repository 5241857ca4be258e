import { spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const STARTS_WITHIN_MS = 30_000
const STOPS_WITHIN_MS = 10_000

/** The built application, running as in production. */
export class Server {
  #child
  #ended
  #complaints = ''

  constructor(child, port) {
    this.#child = child
    this.port = port
    this.#ended = new Promise((resolve) => {
      child.on('close', (code, signal) => resolve(signal ?? code))
      child.on('error', resolve)
    })
    child.stderr.setEncoding('utf8')
    child.stderr.on('data', (chunk) => {
      this.#complaints += chunk
    })
    // What it logs must be read, or it would stop at a full pipe.
    child.stdout.resume()
  }

  /** Starts it on a free port, and waits until it takes connections. */
  static async start(node, args, { cwd, env }) {
    const port = await freePort()
    const child = spawn(node, args, {
      cwd,
      env: { ...env, NODE_ENV: 'production', HOST: '127.0.0.1', PORT: String(port) },
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
   * Asks it to stop, as a service manager does, and demands that it does, and never complained, or only
   * as it should have.
   */
  async stop(expected = /^$/) {
    this.#child.kill('SIGTERM')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOPS_WITHIN_MS)
    const end = await this.#ended
    clearTimeout(late)
    if (end === 'SIGKILL') throw new Error('it did not stop')
    // react-router-serve takes its leave with an empty line.
    const complaints = this.#complaints.trim()
    if (!expected.test(complaints)) throw new Error(`it complained:\n${complaints}`)
  }

  async #listens() {
    const deadline = Date.now() + STARTS_WITHIN_MS
    let end
    this.#ended.then((how) => {
      end = how
    })
    while (Date.now() < deadline) {
      if (end !== undefined) throw new Error(`it ended with ${end}:\n${this.#complaints}`)
      if (await takesConnections(this.port)) return
      await sleep(50)
    }
    throw new Error(`it did not start in time:\n${this.#complaints}`)
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

function takesConnections(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const tell = (takes) => {
      socket.destroy()
      resolve(takes)
    }
    socket.on('connect', () => tell(true))
    socket.on('error', () => tell(false))
  })
}
