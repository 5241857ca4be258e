import { parseArgs } from 'node:util'
import { cleanup, cleanupOnSignals, isInterrupted } from '../cleanup.ts'
import { Random } from '../random.ts'
import { Act } from './act.ts'
import { ENGINES } from './engines.ts'

/*
 * Five server processes behind nginx, on PostgreSQL and on Redis, over HTTP. First 200 copies of one request at
 * once; then load, while servers and the engine are killed; then a replay of every accepted request that is still
 * fresh. With --without-guard the servers run without what protects against a loss of nonces: then replays must be
 * accepted, otherwise this check would find nothing.
 */

const USAGE = `npm run test:replicas -- [options]
  --seconds N      how long the load lasts on each engine (default: 8)
  --only TEXT      only engines whose name contains this: ${ENGINES.map(({ name }) => name).join('; ')}
  --without-guard  without the guard against a loss of nonces: replays must be accepted
  --seed N         repeats the choice of victims and pauses of another run`

const { seconds, only, seed, withoutGuard } = readArguments()
cleanupOnSignals()
const kinds = ENGINES.filter(({ name }) => name.includes(only)).filter(
  (kind) => !withoutGuard || kind.withoutGuard.length > 0,
)
const start = performance.now()
let passed = 0
let failed = 0
console.log(`seed ${seed}${withoutGuard ? ', without the guard' : ''}`)
for (const kind of kinds) {
  console.log(`\n${kind.name}:`)
  try {
    // Without the guard nothing is rejected after a kill. A long window then finds more.
    const given = withoutGuard ? { ...kind, loses: false, windowSeconds: 60 } : kind
    const act = await Act.start(given, new Random(seed), withoutGuard)
    const { replays, problems } = await act.run(seconds)
    const isRight = withoutGuard ? replays > 0 : problems.length === 0
    if (isRight) passed++
    else failed++
    if (withoutGuard && isRight) console.log('  as expected, replays were accepted')
    if (withoutGuard && !isRight) console.log('  FAILED: no replay was accepted without the guard')
    for (const problem of withoutGuard ? [] : problems.slice(0, 10)) {
      console.log(`  FAILED: ${problem}`)
    }
  } catch (error) {
    // Then the handler of the signal cleans up and ends the program.
    if (isInterrupted()) await new Promise(() => {})
    failed++
    console.error('the harness itself failed:', error)
  } finally {
    await cleanup()
  }
}
console.log(`\n${Math.round((performance.now() - start) / 1000)} s`)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)

function readArguments() {
  const text = { type: 'string' } as const
  try {
    const { values } = parseArgs({
      options: { seconds: text, only: text, seed: text, 'without-guard': { type: 'boolean' } },
    })
    const number = (value: string | undefined, otherwise: number) => {
      if (value === undefined) return otherwise
      if (/^\d+$/.test(value)) return Number(value)
      throw new Error(`${JSON.stringify(value)} is not a number.`)
    }
    return {
      seconds: number(values.seconds, 8),
      seed: number(values.seed, Date.now() % 1_000_000_000),
      only: values.only ?? '',
      withoutGuard: values['without-guard'] === true,
    }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    process.exit(2)
  }
}
