import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from '../support/runner.ts'

const PROGRAM = join(import.meta.dirname, '../../src/cli/program.ts')
/** Imports that are there when a module is loaded: neither types alone, nor `import()`. */
const STATIC = /^(?:import|export)(?! type)[^'"]*?from '([^']+)'/gm

test('what needs no database starts without Kysely, Zod and a driver', () => {
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
