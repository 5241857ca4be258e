import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Sent } from '../traffic/sent.ts'
import type { Violations } from '../violations.ts'

/** Every request that was ever sent to a world, and the notes that its handlers took. */
export class Ledger {
  readonly #folder: string
  readonly #logs: { readonly path: string; read: number }[] = []
  readonly #byNonce = new Map<string, Sent>()
  readonly #passed: Sent[] = []
  readonly #unsure: Sent[] = []

  constructor(folder: string) {
    this.#folder = folder
  }

  add(sent: Sent): void {
    this.#byNonce.set(sent.nonce, sent)
  }

  /** Those that were answered 200, in the order of the answers. */
  get passed(): readonly Sent[] {
    return this.#passed
  }

  /** Those of which nobody knows whether they passed, or that the store could not take. */
  get unsure(): readonly Sent[] {
    return this.#unsure
  }

  hasPassed(sent: Sent): void {
    this.#passed.push(sent)
  }

  isUnsure(sent: Sent): void {
    this.#unsure.push(sent)
  }

  /** A file for one process's handler to take notes in. */
  newLog(name: string): string {
    const path = join(this.#folder, `${name}.log`)
    this.#logs.push({ path, read: 0 })
    return path
  }

  /** Reads what handlers noted since the last time: each nonce once, whatever the client was told. */
  readLogs(violations: Violations): void {
    for (const log of this.#logs) {
      const text = readFrom(log.path, log.read)
      log.read += text.length
      for (const nonce of text.split('\n'))
        if (nonce !== '') this.#note(nonce, log.path, violations)
    }
    for (const sent of this.#passed) {
      if (sent.handled === 0) throw new Error(`${sent} passed, but no handler noted it`)
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
