import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Sent } from '../traffic/sent.ts'
import type { Violations } from '../violations.ts'

/** All requests that were sent to a world, and the notes of its handlers. */
export class Ledger {
  readonly #folder: string
  readonly #logs: { readonly path: string; read: number }[] = []
  readonly #byNonce = new Map<string, Sent>()
  readonly #accepted: Sent[] = []
  readonly #unsure: Sent[] = []

  constructor(folder: string) {
    this.#folder = folder
  }

  add(sent: Sent): void {
    this.#byNonce.set(sent.nonce, sent)
  }

  /** The requests that were answered 200, in the order of the answers. */
  get accepted(): readonly Sent[] {
    return this.#accepted
  }

  /** The requests that may have been accepted, or that the store could not check. */
  get unsure(): readonly Sent[] {
    return this.#unsure
  }

  addAccepted(sent: Sent): void {
    this.#accepted.push(sent)
  }

  addUnsure(sent: Sent): void {
    this.#unsure.push(sent)
  }

  /** @returns The path of a file for the notes of one process's handler. */
  newLog(name: string): string {
    const path = join(this.#folder, `${name}.log`)
    this.#logs.push({ path, read: 0 })
    return path
  }

  /** Reads the new notes of the handlers. Each nonce may be noted only once, whatever the client got. */
  readLogs(violations: Violations): void {
    for (const log of this.#logs) {
      const text = readFrom(log.path, log.read)
      log.read += text.length
      for (const nonce of text.split('\n'))
        if (nonce !== '') this.#note(nonce, log.path, violations)
    }
    for (const sent of this.#accepted) {
      if (sent.handled === 0) throw new Error(`${sent} was accepted, but no handler noted it`)
    }
  }

  #note(nonce: string, path: string, violations: Violations): void {
    const sent = this.#byNonce.get(nonce)
    if (sent === undefined) throw new Error(`${path}: a nonce that was never sent: ${nonce}`)
    sent.handled++
    if (sent.handled > 1) {
      violations.add(
        'once',
        `${sent}: a handler was called with it ${sent.handled} times, now ${path}`,
      )
    }
  }
}

function readFrom(path: string, start: number): string {
  const chunks: string[] = []
  const file = openSync(path, 'r')
  try {
    const buffer = Buffer.alloc(1 << 20)
    for (let at = start; ; ) {
      const length = readSync(file, buffer, 0, buffer.length, at)
      if (length === 0) return chunks.join('')
      chunks.push(buffer.toString('latin1', 0, length))
      at += length
    }
  } finally {
    closeSync(file)
  }
}
