import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '../support/runner.ts'
import { isFrameworkFile } from './framework-files.ts'
import { BLOCKS, type Block, PAGES, ROOT, readPage } from './pages.ts'

const read = (name: string) => readFileSync(join(ROOT, name), 'utf8')

/** The texts by which a test looks up a block, `block('…')`, to run or compare it, each with the file of the test. */
const LOOKED_UP: ReadonlyMap<string, string> = new Map(
  ['test/docs', 'test/stores']
    .flatMap((folder) => readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`))
    .filter((path) => path.endsWith('.ts') && path !== 'test/docs/blocks.test.ts')
    .flatMap((path) =>
      [...read(path).matchAll(/\bblock\('([^']+)'\)/g)].map(([, text = '']) => [
        text.replaceAll('\\n', '\n'),
        path,
      ]),
    ),
)

const { scripts } = JSON.parse(read('package.json'))
const CI = read('.ci/run').replace(/^ *#.*$/gm, '')
const BENCHES = read('bench/report/results.ts')
/** Commands that CI or a test runs in other words. */
const OTHERWISE: ReadonlyMap<string, string> = new Map([
  ['npm install', '.ci/run'],
  ['npm start', '.ci/run'],
  ['npm test', '.ci/run'],
  ['npm pack', 'npm run test:package'],
  ['npm install ../withmac/withmac-*.tgz', 'npm run test:readme'],
  ['npm run docs:build', 'npm run test:site'],
  ["npx bun test -t 'replay'", '.ci/run'],
])

test.each(
  BLOCKS.map((block) => [`${block.page}:${block.line} ${block.language}`, howChecked(block)]),
)('the code block %s is checked by %s', (_, how) => expect(how).not.toBe(null))

test('no code block is marked as not run', () => {
  const marked = BLOCKS.filter(({ code }) => /not run by a test/i.test(code))
  expect(marked.map(({ page, line }) => `${page}:${line}`)).toEqual([])
})

test('no code block is written in a way that these tests overlook', () => {
  const indented = PAGES.filter(({ prose }) => /^\s*(?:```|~~~)|^<pre/m.test(prose))
  expect(indented.map(({ name }) => name)).toEqual([])
  for (const other of ['CHANGELOG.md', 'bench/RESULTS.md'])
    expect(readPage(other).blocks).toEqual([])
})

test('a block is a file of an application only if it is the whole file, as it is', () => {
  const files = BLOCKS.filter(isFrameworkFile)
  expect(files.length).toBeGreaterThan(10)
  expect(files.filter((block) => isFrameworkFile({ ...block, code: `${block.code} ` }))).toEqual([])
})

test('a shell line is rejected if nothing runs it', () => {
  const block = { page: 'x', line: 1, language: 'sh' }
  expect(howChecked({ ...block, code: 'npm run bench # the pieces\n' })).toBe('npm run bench:ci')
  expect(howChecked({ ...block, code: 'npm run nothing\n' })).toBe(null)
  expect(howChecked({ ...block, code: 'npm run format\n' })).toBe(null)
  expect(howChecked({ ...block, code: 'npx bun nothing.ts\n' })).toBe(null)
  expect(howChecked({ ...block, code: 'npx bun docs/examples/client.ts\n' })).not.toBe(null)
  expect(howChecked({ ...block, code: 'sh nothing.sh\n' })).toBe(null)
  expect(howChecked({ ...block, code: 'npm test\nrm -rf /\n' })).toBe(null)
})

/** Returns what runs, type-checks or compares a block; `null` if nothing does. */
function howChecked(block: Block): string | null {
  const { language, code } = block
  if (isFrameworkFile(block)) return 'npm run test:frameworks'
  if (language === 'ts') return 'examples.test.ts, types.test.ts'
  if (language === 'js') return 'examples.test.ts'
  if (language === 'mermaid') return 'architecture.test.ts'
  if (language === 'dockerfile') return 'npm run test:readme'
  for (const [text, file] of LOOKED_UP) if (code.includes(text)) return file
  return language === 'sh' ? howRun(code) : null
}

/** Returns what runs the lines of a shell block; `null` if nothing runs one of them. */
function howRun(code: string): string | null {
  const lines = code.trim().split('\n')
  const commands = lines.flatMap((line) => line.replace(/ *# .*$/, '').split(' && '))
  const places = commands.map(runnerOf)
  return places.includes(null) ? null : [...new Set(places)].join(', ')
}

function runnerOf(command: string): string | null {
  const otherwise = OTHERWISE.get(command)
  if (otherwise !== undefined) return otherwise
  const [, script] = /^npm run ([\w:]+)$/.exec(command) ?? []
  if (script !== undefined) return script in scripts ? scriptRunner(script) : null
  const [, path = ''] = /^(?:npx bun (?:test )?|sh )([\w./-]+)$/.exec(command) ?? []
  if (path === '' || !existsSync(join(ROOT, path))) return null
  if (path.startsWith('test/')) return '.ci/run'
  const name = path.slice(path.lastIndexOf('/') + 1)
  const tests = ['test/docs/on-bun.test.ts', 'test/stores/replicas.ts']
  return tests.find((file) => read(file).includes(name)) ?? null
}

function scriptRunner(script: string): string | null {
  if (new RegExp(`(?:npm run |^ +'|, )${script}(?:[ ',]|$)`, 'm').test(CI)) return '.ci/run'
  const [, bench = 'micro'] = /^bench(?::(\w+))?$/.exec(script) ?? ['', 'nothing']
  return BENCHES.includes(`  '${bench}',\n`) ? 'npm run bench:ci' : null
}
