import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '../support/runner.ts'

const SRC = join(dirname(fileURLToPath(import.meta.url)), '../../src')

/** The text of each file, by its path in `src`. */
type Sources = Readonly<Record<string, string>>

function readSources(): Sources {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  return Object.fromEntries(
    files
      .filter((file) => file.endsWith('.ts'))
      .map((file) => [file, readFileSync(join(SRC, file), 'utf8')]),
  )
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
}

function has(code: string, name: string): boolean {
  return new RegExp(`(?<![\\w$])${name}(?![\\w$])`).test(code)
}

/**
 * Returns the `{@link X}` and `{@link X.member}` that name nothing. X must be in the code of the same file, or
 * exported by another one. The member must be in the code of a file that declares X.
 */
function brokenLinks(sources: Sources): string[] {
  const codes = Object.entries(sources).map(([file, text]) => ({
    file,
    code: withoutComments(text),
  }))
  const declaring = (name: string, before: string) =>
    codes.filter(({ code }) =>
      new RegExp(`${before}(?:class|interface|type|const|function\\*?) ${name}\\b`).test(code),
    )
  const broken: string[] = []
  for (const { file, code } of codes) {
    for (const [link, name = '', member] of (sources[file] ?? '').matchAll(
      /\{@link\s+(\w+)(?:\.(\w+))?[^}]*\}/g,
    )) {
      const isNamed = has(code, name) || declaring(name, 'export (?:async |abstract )*').length > 0
      const hasMember =
        member === undefined || declaring(name, '').some((other) => has(other.code, member))
      if (!isNamed || !hasMember) broken.push(`${file}: ${link}`)
    }
  }
  return broken
}

test('each {@link} in a comment of src names something that exists', () => {
  expect(brokenLinks(readSources())).toEqual([])
})

test('a {@link} to a name or a member that does not exist is found', () => {
  const sources = {
    'a.ts':
      '/** {@link Gone}, {@link Gone.get}, {@link Here}, {@link Here.get}, {@link Here.put} */',
    'b.ts': '// Gone\nexport class Here {\n  get() {}\n}\n/** {@link put} {@link get} */',
  }
  expect(brokenLinks(sources)).toEqual([
    'a.ts: {@link Gone}',
    'a.ts: {@link Gone.get}',
    'a.ts: {@link Here.put}',
    'b.ts: {@link put}',
  ])
})
