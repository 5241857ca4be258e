import { randomBytes } from 'node:crypto'

/**
 * The hash tags of a cluster: keys with the same tag are on the same node. The slots of these sixteen lie at equal
 * distances, so nodes get equal shares.
 */
const TAGS = '18,455,333,223,553,443,95,663,265,375,908,155,985,895,405,515'.split(',')

/** The keys with one hash tag: they have a state of their own, and are on one node. */
export interface Shard {
  /** The name of a hash: see `RECORD`. */
  readonly state: string
  /** The name of a hash: how many nonces each second of timestamps has. */
  readonly seconds: string
  /** The start of the names of sets. */
  readonly sets: string
  /** The secret number with which the fingerprints are computed. */
  salt: string
}

/** Returns the shards under a prefix: one, or sixteen in a cluster. */
export function shardsOf(prefix: string, isCluster: boolean): readonly Shard[] {
  const salt = randomBytes(16).toString('hex')
  return TAGS.slice(0, isCluster ? TAGS.length : 1).map((tag) => {
    const start = `${prefix}:{${tag}}:`
    return { state: `${start}state`, seconds: `${start}seconds`, sets: start, salt }
  })
}

/** Returns the shard of a nonce. It must not depend on the salt, which is that of the shard. */
export function shardOf(hash: string, shards: readonly Shard[]): Shard {
  return shards[Number.parseInt(hash.slice(0, 1), 16) % shards.length] as Shard
}

/** Returns the name of a set of nonces. */
export function setOf({ sets }: Shard, timestamp: number, bucket: number): string {
  return `${sets}${timestamp}:${bucket}`
}
