import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '../support/runner.ts'

const SRC = join(dirname(fileURLToPath(import.meta.url)), '../../src')

/**
 * The rooms of `src`, from top to bottom: folders and single files. Each may import what stands below it,
 * and nothing else. `docs/architecture.md` draws them.
 */
const FLOORS: readonly string[] = [
  'cli',
  'admin',
  'oauth',
  'hono.ts',
  'testing',
  'index.ts',
  'create-mac.ts',
  'mac.ts',
  'server',
  'options.ts',
  'limits',
  'credentials',
  'doctor',
  'store',
  'diagnostics.ts',
  'callback.ts',
  'types.ts',
  'client',
  'explain',
  'protocol',
  'read-options.ts',
  'option-names.ts',
  'client-option-names.ts',
  'bounded-map.ts',
  'moments.ts',
  'deadline.ts',
  'optional-package.ts',
  'environment.ts',
  'errors.ts',
  'error-codes.ts',
]

/** What each file imports, also only a type, and also lazily. */
type Imports = ReadonlyMap<string, readonly string[]>

/** What names a module: `from '…'`, `import '…'`, `import('…')`, `require('…')`, with any quotes. */
const IMPORT = /\b(?:from|import|require)\s*\(?\s*(["'`])([^"'`\n]+)\1/g
/** A call whose module is not written down, so that it cannot be checked. */
const COMPUTED_IMPORT = /\b(?:import|require)\s*\(\s*(?!["'`])/
/** These load optional packages, whose names they compute so that no bundler looks for them. */
const LOADS_PEERS: ReadonlySet<string> = new Set([
  'optional-package.ts',
  'store/drivers/better-sqlite3.ts',
])
const COMMENT = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm

function importsOf(files: ReadonlyMap<string, string>): Imports {
  return new Map(
    Array.from(files, ([file, text]) => {
      const named = Array.from(
        text.replace(COMMENT, '').matchAll(IMPORT),
        ([, , path = '']) => path,
      )
      const relative = named.filter((path) => path.startsWith('.') || path.startsWith('withmac'))
      return [file, relative.map((path) => resolved(file, path))]
    }),
  )
}

/** Returns the file of `src` that an import names. The package's own name is its entry. */
function resolved(file: string, path: string): string {
  if (path.startsWith('withmac')) return 'index.ts'
  const found = posix.join(posix.dirname(file), path)
  return /\.ts$/.test(found) ? found : posix.join(found, 'index.ts')
}

function readSource(): ReadonlyMap<string, string> {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts'))
  return new Map(files.map((file) => [file, readFileSync(join(SRC, file), 'utf8')]))
}

/**
 * Finds circles between the entries of one folder, which are files and folders: between two entries there is
 * an edge if a file in one imports a file in the other.
 */
function circlesIn(folder: string, imports: Imports): string[][] {
  const edges = new Map<string, Set<string>>()
  for (const [file, named] of imports) {
    const from = entryOf(folder, file)
    for (const other of named) {
      const to = entryOf(folder, other)
      if (from === null || to === null || from === to) continue
      edges.set(from, (edges.get(from) ?? new Set()).add(to))
    }
  }
  const reaches = new Map([...edges.keys()].map((from) => [from, reachable(from, edges)]))
  const circles = [...reaches.keys()].map((from) =>
    [...reaches.keys()].filter(
      (other) => reaches.get(from)?.has(other) && reaches.get(other)?.has(from),
    ),
  )
  return [...new Set(circles.filter(({ length }) => length > 0).map((each) => each.join()))].map(
    (each) => each.split(','),
  )
}

/** The entry of a folder that a file is, or lies in; `null` if it lies elsewhere. */
function entryOf(folder: string, file: string): string | null {
  const prefix = folder === '' ? '' : `${folder}/`
  if (!file.startsWith(prefix)) return null
  return file.slice(prefix.length).split('/')[0] ?? null
}

function reachable(from: string, edges: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const found = new Set<string>()
  const waiting = [...(edges.get(from) ?? [])]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next)) continue
    found.add(next)
    waiting.push(...(edges.get(next) ?? []))
  }
  return found
}

function allCircles(imports: Imports): string[] {
  const folders = new Set([...imports.keys()].map((file) => posix.dirname(file)))
  const parents = [...folders].flatMap((folder) => {
    const parts = folder === '.' ? [] : folder.split('/')
    return parts.map((_, at) => parts.slice(0, at + 1).join('/'))
  })
  return ['', ...new Set(parents)].flatMap((folder) =>
    circlesIn(folder, imports).map((circle) => `in src/${folder}: ${circle.join(' ⇄ ')}`),
  )
}

function climbing(imports: Imports): string[] {
  return Array.from(imports, ([file, named]) => {
    const floor = FLOORS.indexOf(entryOf('', file) ?? '')
    return named
      .filter((other) => FLOORS.indexOf(entryOf('', other) ?? '') < floor)
      .map((other) => `${file} imports ${other}`)
  }).flat()
}

const texts = readSource()
const source = importsOf(texts)

test('every file and folder of src has a floor, and every floor exists', () => {
  const rooms = new Set([...source.keys()].map((file) => entryOf('', file)))
  expect([...rooms].sort()).toEqual([...FLOORS].sort())
})

test('no files or folders of src import each other in a circle', () => {
  expect(source.size).toBeGreaterThan(100)
  expect(allCircles(source)).toEqual([])
})

test('no file of src imports from a floor above its own', () => {
  expect(climbing(source)).toEqual([])
})

test('every import of src names its module', () => {
  const computed = [...texts].filter(([, text]) => COMPUTED_IMPORT.test(text.replace(COMMENT, '')))
  expect(computed.map(([file]) => file).filter((file) => !LOADS_PEERS.has(file))).toEqual([])
  expect(COMPUTED_IMPORT.test('import(path)')).toBe(true)
})

test.each([
  "import './store/a.ts'",
  "export * from './store/a.ts'",
  'import { a } from "./store/a.ts"',
  'await import(`./store/a.ts`)',
  "await import(/* lazy */ './store/a.ts')",
  "createRequire(import.meta.url)('x'); require('./store/a.ts')",
  "import {\n  a,\n} from './store/a.ts'",
  "type A = typeof import('./store/a.ts')",
  "import type { Mac } from 'withmac'",
])('a climbing import is found: %s', (line) => {
  expect(climbing(importsOf(new Map([['errors.ts', line]])))).toHaveLength(1)
})

test('a circle of files, a circle of folders and a climbing import are found', () => {
  const files = importsOf(
    new Map([
      ['store/a.ts', "import type { B } from './b.ts'"],
      ['store/b.ts', "const a = await import('./a.ts')"],
      ['store/sealing/c.ts', "export { D } from '../usage/d.ts'"],
      ['store/usage/d.ts', ''],
      ['store/usage/e.ts', "import '../sealing/c.ts'"],
      ['errors.ts', "import { a } from './store/a.ts'"],
    ]),
  )
  expect(allCircles(files)).toEqual(['in src/store: a.ts ⇄ b.ts', 'in src/store: sealing ⇄ usage'])
  expect(climbing(files)).toEqual(['errors.ts imports store/a.ts'])
})
