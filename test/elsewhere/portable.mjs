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

const MANY_COMMANDS = 'it starts the command many times, for texts that are the same everywhere'

/** The test files and folders that a runtime leaves out, besides those that run only on Bun. */
const NOT_ON = {
  'node-24': {
    'cli/credentials.test.ts': MANY_COMMANDS,
    'cli/doctor-database.test.ts': MANY_COMMANDS,
    'cli/error-codes.test.ts': MANY_COMMANDS,
    'cli/hostile-text.test.ts': MANY_COMMANDS,
  },
  deno: {
    'cli/': '"npm run test:cli" runs the command on Deno',
    'explain/': 'it only computes, and Node has the same engine',
    'protocol/':
      'it only computes, and Node has the same engine; "npm run test:runtimes" has the vectors',
  },
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
 * Returns the test files below a folder in two lists: those that run on a runtime other than Bun, and the files
 * and folders that are left out there, each with the reason.
 *
 * @param name The name of the runtime, such as `deno`.
 * @throws Error if a file that is listed here does not exist.
 */
export function testFiles(root, name) {
  const reasons = { ...BUN_ONLY, ...NOT_ON[name] }
  const leftOut = Object.entries(reasons).map(([file, reason]) => ({ file, reason }))
  const gone = leftOut.find(({ file }) => !existsSync(join(root, file)))
  if (gone !== undefined) throw new Error(`There is no ${gone.file}: remove it from the list.`)
  const run = walk(root).filter((path) => {
    const test = relative(root, path)
    return test.endsWith('.test.ts') && !leftOut.some(({ file }) => isIn(test, file))
  })
  return { run, leftOut }
}

/** Whether a file is this one, or in this folder, whose name ends with a slash. */
function isIn(test, file) {
  return test === file || (file.endsWith('/') && test.startsWith(file))
}

function walk(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return APART.includes(entry.name) ? [] : walk(join(folder, entry.name))
    return [join(folder, entry.name)]
  })
}
