import { readFileSync } from 'node:fs'
import type { MacAlgorithm } from '../../src/index.ts'
import { parseAuthority } from '../../src/protocol/host.ts'
import { requestString } from '../../src/protocol/signature.ts'

/** A request that another implementation signed. */
export interface SigningVector {
  readonly n: number
  readonly note: string
  readonly method: string
  readonly host_header: string
  readonly scheme: 'http' | 'https'
  readonly target: string
  readonly key: string
  readonly id: string
  readonly algorithm: MacAlgorithm
  readonly ts: string
  readonly nonce: string
  readonly ext: string
  readonly normalized: string
  readonly mac: string
  readonly authorization: string
  /** Whether `normalized` and `mac` are those of the draft. If not, the draft's values are in `spec_…`. */
  readonly conforms: boolean
  readonly spec_normalized?: string
  readonly spec_mac?: string
}

/** A request that was sent to another implementation. */
export interface ParseVector {
  readonly name: string
  readonly request: {
    readonly method: string
    readonly host_header: string | null
    readonly path: string
    readonly query?: string
    readonly authorization: string | null
  }
}

/** A published example. */
export interface PublishedExample {
  readonly source: string
  readonly draft?: '00'
  readonly id?: string
  readonly key: string
  readonly algorithm: MacAlgorithm
  readonly ts?: string
  readonly nonce: string
  readonly method: string
  readonly target: string
  readonly host: string
  readonly port: string
  readonly body?: string
  readonly bodyhash?: string
  readonly ext: string
  readonly normalized: string
  readonly mac: string
  readonly mac_sha256?: string
  readonly printed_mac?: string
  readonly printed_mac_is_hmac_of?: string
}

/** Reads a file of `test/vectors`. */
export function readVectors<Content>(name: string): Content {
  const path = new URL(`../vectors/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(path, 'utf8')) as Content
}

/** Returns the request string that this library computes for a vector. */
export function ourString(vector: SigningVector): string {
  const { ts, nonce, method, target, ext } = vector
  const authority = parseAuthority(vector.host_header, vector.scheme)
  return requestString({ ts, nonce, method, target, ...authority, ext })
}
