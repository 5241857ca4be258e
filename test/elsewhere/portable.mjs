import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/** What ties a test to Bun, and why it does. */
const TIES = [
  [/\bBun\.serve\b/, 'its server is Bun.serve'],
  [/\bBun\.spawn/, 'it starts processes of Bun'],
  [/from 'bun:sqlite'/, 'it looks into files, or brings a Kysely, with bun:sqlite'],
]

/** Folders of packages of their own. */
const APART = ['elsewhere', 'frameworks', 'package', 'runtimes', 'types', 'vectors', 'node_modules']

/**
 * The test files below a folder, in two lists: those that run on any runtime, and those that run on
 * Bun alone, each with the reasons. What a test imports of the other tests counts as its own.
 */
export function testFiles(root) {
  const portable = []
  const bunOnly = []
  for (const file of walk(root).filter((name) => name.endsWith('.test.ts'))) {
    const reasons = [...tiesOf(file, root, new Set())]
    if (reasons.length === 0) portable.push(file)
    else bunOnly.push({ file: relative(root, file), reasons })
  }
  return { portable, bunOnly }
}

function tiesOf(file, root, seen) {
  const ties = new Set()
  if (seen.has(file) || !existsSync(file)) return ties
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  for (const [tie, reason] of TIES) if (tie.test(text)) ties.add(reason)
  for (const [, name] of text.matchAll(/from '(\.[^']+)'/g)) {
    const imported = resolve(dirname(file), name)
    if (relative(root, imported).startsWith('..')) continue
    for (const tie of tiesOf(imported, root, seen)) ties.add(tie)
  }
  return ties
}

function walk(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return APART.includes(entry.name) ? [] : walk(join(folder, entry.name))
    return [join(folder, entry.name)]
  })
}
