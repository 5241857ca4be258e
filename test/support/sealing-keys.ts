import { createHash } from 'node:crypto'

/** @returns A sealing key for tests: 32 bytes in base64, always the same for a name. */
export function sealingKeyOf(name: string): string {
  return createHash('sha256').update(`sealing key ${name}`).digest('base64')
}
