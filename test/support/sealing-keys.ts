import { createHash } from 'node:crypto'

/** Sealing keys of tests, each always the same: from a name to 32 bytes in base64. */
export function sealingKeyOf(name: string): string {
  return createHash('sha256').update(`sealing key ${name}`).digest('base64')
}
