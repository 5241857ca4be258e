#!/usr/bin/env node
import { Terminal } from './terminal/terminal.ts'

const terminal = new Terminal(process.argv.slice(2))
try {
  // Imported now and not above: where a runtime keeps something from the modules, that is said too.
  const { run } = await import('./program.ts')
  process.exitCode = await run(process.argv.slice(2), terminal)
} catch (error) {
  const { tell } = await import('./failure.ts')
  process.exitCode = tell(error, terminal)
}
