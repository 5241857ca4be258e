import { existsSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'

/** The test files that run only on Bun, and the reason. All others run on every runtime. */
const BUN_ONLY = {
  'demo.test.ts': 'the demo is a program for Bun, which npm installs',
  'docs/compose.test.ts': 'no other runtime reads YAML',
  'docs/on-bun.test.ts':
    "the README's first server is Bun.serve; elsewhere/readme.mjs has the others",
  'docs/types.test.ts': 'the compiler is the same everywhere',
  'faults/mistakes.test.ts': 'the texts of the sources are the same everywhere',
  'server/bun-routes.test.ts': 'no other runtime has the routes of Bun.serve',
}

/** Folders that have their own package or runner. */
const APART = [
  'elsewhere',
  'frameworks',
  'package',
  'pairs',
  'runtimes',
  'types',
  'vectors',
  'node_modules',
]

/**
 * Returns the test files below a folder in two lists: those that run on any runtime, and those that run only
 * on Bun, each with the reason.
 *
 * @throws Error if a file that is listed here does not exist.
 */
export function testFiles(root) {
  const bunOnly = Object.entries(BUN_ONLY).map(([file, reason]) => ({ file, reason }))
  const gone = bunOnly.find(({ file }) => !existsSync(join(root, file)))
  if (gone !== undefined) throw new Error(`There is no ${gone.file}: remove it from the list.`)
  const tests = walk(root).filter((file) => file.endsWith('.test.ts'))
  return { portable: tests.filter((file) => !(relative(root, file) in BUN_ONLY)), bunOnly }
}

function walk(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return APART.includes(entry.name) ? [] : walk(join(folder, entry.name))
    return [join(folder, entry.name)]
  })
}
