import * as crypto from 'node:crypto'
import { createRequire, syncBuiltinESMExports } from 'node:module'

/** @returns How many hashes `work` computes, by the functions that the library uses for MACs. */
export async function countedHashes(work: () => Promise<unknown>): Promise<number> {
  return process.versions.bun === undefined ? onNode(work) : onBun(work)
}

/** @returns Whether this runtime allows to count them. */
export async function canCountHashes(): Promise<boolean> {
  if (process.versions.bun !== undefined) return true
  return (await onNode(async () => crypto.hash('sha256', 'a'))) === 1
}

async function onBun(work: () => Promise<unknown>): Promise<number> {
  const { prototype } = Bun.CryptoHasher
  const { digest } = prototype
  let count = 0
  prototype.digest = function (this: never, ...given: never[]) {
    count++
    return Reflect.apply(digest, this, given)
  } as typeof digest
  try {
    await work()
  } finally {
    prototype.digest = digest
  }
  return count
}

async function onNode(work: () => Promise<unknown>): Promise<number> {
  const own = createRequire(import.meta.url)('node:crypto') as {
    hash: (...given: never[]) => unknown
  }
  const { hash } = own
  let count = 0
  own.hash = (...given) => {
    count++
    return hash(...given)
  }
  syncBuiltinESMExports()
  try {
    await work()
  } finally {
    own.hash = hash
    syncBuiltinESMExports()
  }
  return count
}
