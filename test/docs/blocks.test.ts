import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '../support/runner.ts'
import { isFrameworkFile } from './framework-files.ts'
import { BLOCKS, type Block, ROOT } from './pages.ts'

/** The first line of a block that no test runs. There are few of them, and none with our own code. */
const MARK = '# Not run by a test.\n'

/** The texts by which tests look up a block, `block('…')`, to run or compare it. */
const LOOKED_UP: readonly string[] = ['test/docs', 'test/stores']
  .flatMap((folder) => readdirSync(join(ROOT, folder)).map((name) => join(ROOT, folder, name)))
  .filter((path) => path.endsWith('.ts') && path !== import.meta.filename)
  .flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/\bblock\('([^']+)'\)/g)])
  .map(([, text = '']) => text.replaceAll('\\n', '\n'))

test('each code block is run, type-checked or compared by a test, or is marked as not run', () => {
  const unchecked = BLOCKS.filter((block) => howChecked(block) === null)
  expect(unchecked.map(({ page, line, language }) => `${page}:${line} ${language}`)).toEqual([])
})

test('fewer than three code blocks are marked as not run', () => {
  expect(BLOCKS.filter(({ code }) => code.startsWith(MARK)).length).toBeLessThan(3)
})

test('a block is a file of an application only if it is the whole file, as it is', () => {
  const files = BLOCKS.filter(isFrameworkFile)
  expect(files.length).toBeGreaterThan(10)
  expect(files.filter((block) => isFrameworkFile({ ...block, code: `${block.code} ` }))).toEqual([])
})

test('a shell line is rejected if it calls a script or file that does not exist', () => {
  const block = { page: 'x', line: 1, language: 'sh' }
  expect(howChecked({ ...block, code: 'npm run bench # the pieces\n' })).not.toBe(null)
  expect(howChecked({ ...block, code: 'npm run nothing\n' })).toBe(null)
  expect(howChecked({ ...block, code: 'npx bun nothing.ts\n' })).toBe(null)
  expect(howChecked({ ...block, code: 'sh nothing.sh\n' })).toBe(null)
  expect(howChecked({ ...block, code: 'rm -rf /\n' })).toBe(null)
})

/** Returns how a block is checked, or `null` if no test checks it. */
function howChecked(block: Block): string | null {
  const { language, code } = block
  if (code.startsWith(MARK)) return 'not at all'
  if (isFrameworkFile(block)) return 'test/frameworks'
  if (language === 'ts' || language === 'js') return 'examples.test.ts, types.test.ts'
  if (LOOKED_UP.some((text) => code.includes(text))) return 'in a test of its own'
  if (language === 'mermaid') return 'architecture.test.ts'
  if (language === 'sh' && code.trim().split('\n').every(isKnownLine)) return 'here'
  return null
}

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

/** Whether a shell line only installs packages, or calls scripts of this package and existing files. */
function isKnownLine(line: string): boolean {
  const commands = line.replace(/ *# .*$/, '').split(' && ')
  return commands.every((command) => {
    const [, script] = /^npm (?:run )?([\w:]+)$/.exec(command) ?? []
    if (script !== undefined && script in scripts) return true
    const [, path] = /^(?:npx bun (?:test )?|sh )([\w./-]+)$/.exec(command) ?? []
    if (path !== undefined) return existsSync(join(ROOT, path))
    return /^npm (?:install|pack|install \S+\.tgz)$|^npx bun test -t '.*'$/.test(command)
  })
}
