import { measure } from 'mitata'
import { giveBack, given } from '../setup/run-on.ts'
import { protocolPieces } from './protocol.ts'

/** The result for one piece, in nanoseconds per call. */
export interface MicroResult {
  readonly name: string
  readonly median: number
  readonly low: number
  readonly high: number
}

const { short } = given<{ short: boolean }>()
const results: MicroResult[] = []
for (const [name, piece] of Object.entries(protocolPieces())) {
  // In nanoseconds. Without the option, mitata uses its default time.
  const stats = await measure(piece, short ? { min_cpu_time: 1e6 } : {})
  results.push({ name, median: stats.p50, low: stats.p25, high: stats.p75 })
}
giveBack(results)
