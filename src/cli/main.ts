#!/usr/bin/env node
import { plain } from '../protocol/terminal-text.ts'
import { errorJson, understand, wantsJson } from './failure.ts'

const args = process.argv.slice(2)
try {
  // Imported inside the try: on Deno, a module fails while it loads if a permission is missing.
  const { Terminal } = await import('./terminal/terminal.ts')
  const { run } = await import('./program.ts')
  process.exitCode = await run(args, new Terminal(args))
} catch (error) {
  const { status, code, message } = understand(error)
  process.stderr.write(wantsJson(args) ? errorJson(message, code) : `withmac: ${plain(message)}\n`)
  process.exitCode = status
}
