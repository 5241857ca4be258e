import { type Answer, Connection } from './connection.ts'

/** The connections to one process. Idle ones are used again. */
export class Pool {
  readonly #port: number
  readonly #patience: number
  readonly #idle: Connection[] = []
  #closed = false

  /** @param patience How long an answer may take, in milliseconds. */
  constructor(port: number, patience: number) {
    this.#port = port
    this.#patience = patience
  }

  /** Sends the bytes of one request, once. @returns `refused` if nothing listens on the port. */
  async exchange(text: string): Promise<Answer | 'refused'> {
    let connection = this.#idle.pop() ?? null
    if (connection === null || connection.closed) connection = await Connection.open(this.#port)
    if (connection === null) return 'refused'
    const answer = await connection.exchange(text, this.#patience)
    if (this.#closed) connection.close()
    else if (!connection.closed) this.#idle.push(connection)
    return answer
  }

  /** Closes idle connections now, and the others after their answer. */
  close(): void {
    this.#closed = true
    for (const connection of this.#idle) connection.close()
  }
}
