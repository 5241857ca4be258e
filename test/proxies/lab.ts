import { type Answer, Client, type Entry, HTTP, OTHER_PORT, type Sent } from './client.ts'
import type { SetUp } from './proxies.ts'
import type { Recording, RejectedPair } from './record.ts'
import { ID_FIELD, type Recorder } from './recorder.ts'
import { type Backend, OPTIONS_FIELD, PREFIX } from './server.ts'

/** A request, what arrived of it, and what was answered. */
export interface Exchange {
  readonly id: string
  readonly answer: Answer
  /** The head of each copy that arrived behind the proxy. */
  readonly arrived: readonly string[]
}

/** One set-up of a proxy that runs, with a server behind it. */
export class Lab {
  readonly setUp: SetUp
  readonly backend: Backend
  readonly client: Client
  /** Rejected requests, for the corpus of explanations. */
  readonly pairs: RejectedPair[] = []
  readonly recording: Recording
  readonly #recorder: Recorder
  static #requests = 0

  /** @param by The proxy and its version. */
  constructor(by: string, setUp: SetUp, backend: Backend, recorder: Recorder, ca: string) {
    this.setUp = setUp
    this.backend = backend
    this.recording = {
      by: `${by}, ${setUp.file.split('/').at(-1)}`,
      cutsPrefix: setUp.cutsPrefix,
      key: backend.key,
    }
    this.client = new Client(backend.key, ca)
    this.#recorder = recorder
  }

  /** Returns what a client sends to reach this target of the servers. */
  outside(target: string): string {
    return this.setUp.cutsPrefix ? PREFIX + target : target
  }

  /** Returns the name of the options that withmac needs, with `path` if the prefix is cut off. */
  options(name: string): string {
    return this.setUp.cutsPrefix ? `path + ${name}` : name
  }

  /** Returns the name of the options with the one origin that clients of an entry sign. */
  originOptions(entry: Entry): string {
    return this.options(`origin ${signedPort(entry)}`)
  }

  /** Signs a request, unless it has a signature, and sends it to the handler with these options. */
  async send(options: string, sent: Sent): Promise<Exchange> {
    const id = `r${++Lab.#requests}`
    const headers = {
      authorization: this.client.sign(sent),
      ...sent.headers,
      [ID_FIELD]: id,
      [OPTIONS_FIELD]: options,
    }
    const answer = await this.client.send({ ...sent, headers })
    return { id, answer, arrived: this.#recorder.find(id) }
  }

  /** Opens a WebSocket, and waits for the first message of the server. */
  async opensSocket(entry: Entry): Promise<boolean> {
    const sent = { entry, target: this.outside('/socket') }
    const headers = { [OPTIONS_FIELD]: this.originOptions(entry), [ID_FIELD]: 'socket' }
    const { status, text } = await this.client.socket({ ...sent, headers }, 'hello ada')
    return status === 101 && text.includes('hello ada')
  }
}

/** Returns the port that clients of an entry sign. */
export function signedPort(entry: Entry): string {
  if (entry === HTTP) return '80'
  return entry === OTHER_PORT ? '8443' : '443'
}
