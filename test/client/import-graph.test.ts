import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from '../support/runner.ts'

const SOURCES = join(import.meta.dirname, '../../src')

/** Everything that a module imports, directly or not: our files, and the names of other modules. */
function graphOf(entry: string): { files: Set<string>; others: Set<string> } {
  const files = new Set<string>()
  const others = new Set<string>()
  const visit = (file: string) => {
    if (files.has(file)) return
    files.add(file)
    const text = readFileSync(file, 'utf8')
    const from = /(?:from|import)\s*\(?\s*'([^']+)'/g
    for (const [, name = ''] of text.matchAll(from)) {
      if (name.startsWith('.')) visit(join(dirname(file), name))
      else others.add(name)
    }
  }
  visit(entry)
  return { files: new Set([...files].map((file) => relative(SOURCES, file))), others }
}

test('the client imports only errors, names of options, the protocol and node:crypto', () => {
  const { files, others } = graphOf(join(SOURCES, 'client/index.ts'))
  const rooms = new Set([...files].map((file) => dirname(file)))
  expect([...rooms].sort()).toEqual(['.', 'client', 'protocol'])
  const low = [...files].filter((file) => dirname(file) === '.')
  expect(low.sort()).toEqual([
    'bounded-map.ts',
    'client-option-names.ts',
    'error-codes.ts',
    'errors.ts',
    'option-names.ts',
  ])
  expect([...others]).toEqual(['node:crypto'])
})

test('index.ts of the client imports all files of the client but those for browsers', () => {
  const { files } = graphOf(join(SOURCES, 'client/index.ts'))
  const all = readdirSync(join(SOURCES, 'client'))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `client/${name}`)
  expect([...files].filter((file) => file.startsWith('client/')).sort()).toEqual(all.sort())
})
