import { existsSync, readFileSync } from 'node:fs'
import type { Sent } from '../traffic/sent.ts'

/** What the handlers of all servers have noted. */
export interface Notes {
  /** How often a handler was called. */
  readonly accepted: number
  /** How often a handler was called with a request that another call had already. */
  readonly replays: number
  readonly examples: readonly string[]
}

/**
 * Reads the notes of all servers.
 * @param answered The requests that were answered 200: each must be noted.
 * @throws Error if one is not noted, because the harness then sees too little.
 */
export function readNotes(logs: readonly string[], answered: readonly Sent[]): Notes {
  const times = new Map<string, number>()
  for (const log of logs) {
    const lines = existsSync(log) ? readFileSync(log, 'latin1').split('\n') : []
    // A killed process may have written a part of its last line.
    for (const line of lines.slice(0, -1)) times.set(line, (times.get(line) ?? 0) + 1)
  }
  for (const sent of answered) {
    if (!times.has(keyOf(sent))) throw new Error(`${sent} was accepted, but no handler noted it`)
  }
  const repeated = [...times].filter(([, count]) => count > 1)
  return {
    accepted: [...times.values()].reduce((sum, count) => sum + count, 0),
    replays: repeated.reduce((sum, [, count]) => sum + count - 1, 0),
    examples: repeated.slice(0, 5).map(([line, count]) => `${line}: ${count} times`),
  }
}

function keyOf({ credential, ts, nonce }: Sent): string {
  return `${credential.id} ${ts} ${nonce}`
}
