import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePort } from '../../support/servers/store-server.ts'

/**
 * What the proxy does. `pass`: it passes everything on. `hole`: it takes everything and passes nothing on, so that
 * both sides wait. `deaf`: it passes requests on, but drops the answers.
 */
type Mode = 'pass' | 'hole' | 'deaf'

/** The two sockets of a connection, and the bytes that wait for the end of a hole. */
interface Link {
  readonly client: Socket
  readonly store: Socket
  readonly held: (() => void)[]
  /** Whether an answer was dropped. The rest of the stream is of no use then. */
  broken: boolean
}

/** A TCP proxy between servers and their store. It can fail as a network does. */
export class TcpProxy {
  readonly port: number
  #target: number
  #mode: Mode = 'pass'
  readonly #links = new Set<Link>()
  readonly #listener: Server
  /** How many bytes of answers were dropped. */
  swallowed = 0

  private constructor(port: number, target: number) {
    this.port = port
    this.#target = target
    this.#listener = createServer((client) => this.#accept(client))
  }

  /** @param target The port of the store. */
  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(await freePort(), target)
    await new Promise<void>((resolve) => {
      proxy.#listener.listen(proxy.port, '127.0.0.1', resolve)
    })
    return proxy
  }

  /** Connects to another store from now on, and cuts all connections to the one before. */
  switchTo(target: number): void {
    this.#target = target
    this.cut()
  }

  /** Ends all connections, as a network device does that forgets them. */
  cut(): void {
    for (const link of this.#links) this.#end(link)
  }

  /** Passes nothing on any more, also not on new connections. */
  openHole(): void {
    this.#mode = 'hole'
  }

  /** Drops what the store answers from now on. */
  goDeaf(): void {
    this.#mode = 'deaf'
  }

  /** Passes everything on, also what it held back. Connections that lost an answer are cut. */
  heal(): void {
    this.#mode = 'pass'
    for (const link of this.#links) {
      if (link.broken) this.#end(link)
      else for (const pass of link.held.splice(0)) pass()
    }
  }

  async stop(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#listener.close(resolve))
  }

  #accept(client: Socket): void {
    const store = connect(this.#target, '127.0.0.1')
    const link: Link = { client, store, held: [], broken: false }
    this.#links.add(link)
    client.setNoDelay(true)
    store.setNoDelay(true)
    client.on('data', (bytes) => this.#pass(link, () => store.write(bytes)))
    store.on('data', (bytes) => {
      if (this.#mode === 'deaf') {
        link.broken = true
        this.swallowed += bytes.length
      } else if (!link.broken) this.#pass(link, () => client.write(bytes))
    })
    for (const socket of [client, store]) {
      socket.on('error', () => this.#end(link))
      socket.on('close', () => this.#pass(link, () => this.#end(link)))
    }
  }

  #pass(link: Link, pass: () => void): void {
    if (this.#mode === 'hole') link.held.push(pass)
    else pass()
  }

  #end(link: Link): void {
    this.#links.delete(link)
    link.client.destroy()
    link.store.destroy()
  }
}
