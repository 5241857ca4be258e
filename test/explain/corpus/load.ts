import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExplainCredential, SeenRequest } from '../../../src/explain/explanation.ts'

/** What a client signed, and what arrived: see README.md. */
export interface CorpusPair {
  readonly name: string
  readonly by: string
  readonly signed: {
    readonly method: string | null
    readonly target: string | null
    readonly host: string | null
    readonly port: string | null
    readonly ext: string | null
    readonly key: string | null
  }
  readonly seen: SeenRequest
  readonly credential: ExplainCredential | null
  readonly cause: string | readonly string[]
  readonly side?: 'client' | 'server'
  readonly change: string | readonly string[]
}

/** Returns the pairs of each file, by the file's name. */
export function loadCorpus(): ReadonlyMap<string, readonly CorpusPair[]> {
  const folder = import.meta.dirname
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
  return new Map(
    files.sort().map((file) => {
      return [file, JSON.parse(readFileSync(join(folder, file), 'utf8')) as CorpusPair[]]
    }),
  )
}

/** Returns a property that may be one value or a list, as a list. */
export function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value
}
