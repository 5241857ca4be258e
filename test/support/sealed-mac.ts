import { createMac, type Mac, type MacOptions } from '../../src/index.ts'
import { outcome } from './outcome.ts'
import { signed } from './sign.ts'

const URL = 'http://example.com/a'

/** A credential and one of its keys. */
export interface Given {
  readonly id: string
  readonly key: string
}

/** Opens a Mac on a database file. It prints no rejections. */
export function open(path: string, sealingKey: MacOptions['sealingKey']): Mac {
  return createMac({ database: `sqlite:${path}`, sealingKey, onReject: () => {} })
}

/** Creates credentials. Every second one also has an old key. */
export async function fill(mac: Mac, count: number): Promise<Given[]> {
  const given: Given[] = []
  for (let at = 0; at < count; at++) {
    const { id, key } = await mac.createCredential('ada')
    given.push({ id, key })
    if (at % 2 === 1) given.push({ id, key: (await mac.rotateCredential(id)).key })
  }
  return given
}

/** @returns The different outcomes of one request with each key. */
export async function outcomes(mac: Mac, given: readonly Given[]): Promise<string[]> {
  const app = mac.withMac(() => new Response())
  const all = await Promise.all(given.map((key) => outcome(app(signed(key, URL)))))
  return [...new Set(all)]
}
