import { isPlainText, plain, plainJson } from '../../src/protocol/terminal-text.ts'
import { expect, test } from '../support/runner.ts'

function range(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, at) => String.fromCodePoint(from + at))
}

/** Characters that a terminal executes or hides. Each class is tested separately. */
const UNSAFE: readonly (readonly [name: string, characters: readonly string[]])[] = [
  ['C0 controls, line ends among them', range(0x00, 0x1f)],
  ['DEL', ['\u007f']],
  ['C1 controls', range(0x80, 0x9f)],
  ['left-to-right and right-to-left marks', ['\u200e', '\u200f']],
  ['the Arabic letter mark', ['\u061c']],
  ['bidirectional embeddings and overrides', range(0x202a, 0x202e)],
  ['bidirectional isolates', range(0x2066, 0x2069)],
  ['line and paragraph separators', ['\u2028', '\u2029']],
  ['zero-width space, non-joiner and joiner', range(0x200b, 0x200d)],
  ['word joiner and invisible operators', range(0x2060, 0x2064)],
  ['deprecated format characters', range(0x206a, 0x206f)],
  ['the soft hyphen', ['\u00ad']],
  ['the byte order mark', ['\ufeff']],
  ['interlinear annotations', range(0xfff9, 0xfffb)],
  ['tags, beyond U+FFFF', ['\u{e0001}', '\u{e0041}']],
  ['halves of surrogate pairs', ['\ud800', '\udbff', '\udc00', '\udfff']],
]

test.each(UNSAFE)('%s are escaped in text, and in JSON that parses back to the same', (_, all) => {
  for (const character of all) {
    const text = `a${character}b`
    expect(plain(text)).toMatch(/^a(?:\\u[0-9a-f]{4}){1,2}b$/)
    expect(isPlainText(text)).toBe(false)
    for (const indent of [undefined, 2]) {
      const value = { [text]: [text] }
      const json = plainJson(value, indent)
      expect(isPlainText(json.replaceAll('\n', ''))).toBe(true)
      expect(JSON.parse(json)).toEqual(value)
    }
  }
})

test('text that a terminal shows unchanged is not escaped', () => {
  for (const text of ['ada', 'ünï cödé', '日本語', 'שלום', '😀', 'a\\b "c" `d`', 'e\u0301']) {
    expect(plain(text)).toBe(text)
    expect(isPlainText(text)).toBe(true)
    expect(plainJson(text)).toBe(JSON.stringify(text))
  }
})

test('JSON keeps its own line ends, and line ends in values are escaped', () => {
  expect(plainJson({ a: 'b\nc' }, 2)).toBe('{\n  "a": "b\\nc"\n}')
  expect(plain('a\nTHE MAC MATCHES')).toBe('a\\u000aTHE MAC MATCHES')
})
