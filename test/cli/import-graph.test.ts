import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from '../support/runner.ts'

const PROGRAM = join(import.meta.dirname, '../../src/cli/program.ts')
/** Imports that a module loads at once: not `import type`, and not `import()`. */
const STATIC = /^(?:import|export)(?! type)[^'"]*?from '([^']+)'/gm

test('the command line starts without Kysely, Zod and a SQLite driver', () => {
  const files = new Set<string>()
  const packages = new Set<string>()
  const visit = (file: string) => {
    if (files.has(file)) return
    files.add(file)
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(STATIC)) {
      if (name.startsWith('.')) visit(join(dirname(file), name))
      else if (!name.startsWith('node:')) packages.add(name)
    }
  }
  visit(PROGRAM)
  expect([...packages]).toEqual(['commander', 'picocolors'])
})
