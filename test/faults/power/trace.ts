import { existsSync, readFileSync } from 'node:fs'

/** A record of the tracer: see trace.c. */
export type Traced = {
  readonly process: number
  readonly thread: number
  /** The name of the file in its folder. Empty for the folder itself. */
  readonly name: string
  readonly inode: string
} & (
  | { readonly what: 'write'; readonly offset: number; readonly data: Uint8Array }
  | { readonly what: 'truncate' | 'acknowledged'; readonly length: number }
  | { readonly what: 'sync begun' | 'sync ended'; readonly dataAlone: boolean }
  | { readonly what: 'named' | 'unnamed' }
)

const KINDS = [
  ...(['write', 'truncate', 'sync begun', 'sync ended'] as const),
  ...(['named', 'unnamed', 'acknowledged'] as const),
]
const HEADER = 40

/** Reads a trace, in the order of the events. */
export function readTrace(path: string): readonly Traced[] {
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
  const traced: Traced[] = []
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes.readUInt32LE(at)
    const [process, thread] = [bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at + 8)]
    const nameLength = bytes.readUInt32LE(at + 12)
    const inode = String(bytes.readBigUInt64LE(at + 16))
    const number = Number(bytes.readBigUInt64LE(at + 24))
    const begin = at + HEADER + nameLength
    const end = begin + Number(bytes.readBigUInt64LE(at + 32))
    const name = bytes.toString('latin1', at + HEADER, begin)
    const common = { process, thread, name, inode }
    const what = KINDS[kind - 1]
    at = end
    if (what === undefined || end > bytes.length) throw new Error('the trace is damaged')
    if (what === 'write') {
      traced.push({ ...common, what, offset: number, data: bytes.subarray(begin, end) })
    } else if (what === 'truncate' || what === 'acknowledged') {
      traced.push({ ...common, what, length: number })
    } else if (what === 'named' || what === 'unnamed') {
      traced.push({ ...common, what })
    } else {
      traced.push({ ...common, what, dataAlone: number === 1 })
    }
  }
  return traced
}
