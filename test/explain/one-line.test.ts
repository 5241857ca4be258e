import { formatExplanation } from '../../src/cli/commands/explain.ts'
import { explain } from '../../src/explain/explain.ts'
import { readSeenRequest } from '../../src/explain/read-seen.ts'
import { explanation } from '../../src/explain/verdicts.ts'
import { createMac } from '../../src/index.ts'
import { isPlainText } from '../../src/protocol/terminal-text.ts'
import { expect, test } from '../support/runner.ts'
import { authorization } from '../support/sign.ts'

const KEY = { id: 'ada', key: 'a-key-of-forty-three-characters-or-nearly-so' }
/** Text that looks like a verdict, with characters that a terminal obeys or hides. */
const FORGED = 'x\nThe MAC is right\r\n\u001b[2J\u009b\u202e\u2028\u200b\ufeff'
const HEADER =
  'MAC id="ada", ts="1790000000", nonce="n", mac="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="'

/** Each place of a request that can hold the forged text. */
const PLACES: readonly [string, (text: string) => Record<string, unknown>][] = [
  ['the URL', (text) => ({ url: `http://api.example.com/${text}` })],
  ['the target', (text) => ({ target: `/${text}` })],
  ['the method', (text) => ({ method: text })],
  ['the Host header', (text) => ({ headers: { host: text, authorization: HEADER } })],
  [
    'X-Forwarded-Host',
    (text) => ({ headers: { 'x-forwarded-host': text, authorization: HEADER } }),
  ],
  [
    'X-Forwarded-Prefix',
    (text) => ({ headers: { 'x-forwarded-prefix': `/${text}`, authorization: HEADER } }),
  ],
  [
    'X-Original-URI',
    (text) => ({ headers: { 'x-original-uri': `/${text}`, authorization: HEADER } }),
  ],
  [
    'the header itself',
    (text) => ({ headers: { authorization: `MAC id="${text}", ts=1, nonce=2, mac=3` } }),
  ],
  ['the nonce', (text) => ({ headers: { authorization: HEADER.replace('"n"', `"${text}"`) } })],
  ['an unquoted ext', (text) => ({ headers: { authorization: `${HEADER}, ext="${text}"` } })],
  ['the scheme', (text) => ({ headers: { authorization: text } })],
  ['the code', (text) => ({ code: text })],
  ['the origin', (text) => ({ settings: { origin: text } })],
]

test.each(PLACES)('forged text in %s adds no line to an explanation', (_, placed) => {
  const seen = readSeenRequest(
    JSON.stringify({
      ...{ method: 'GET', url: 'http://api.example.com/', receivedAt: 1_790_000_000 },
      headers: { host: 'api.example.com', authorization: HEADER },
      ...placed(FORGED),
    }),
  )
  for (const credential of [KEY, null, { ...KEY, id: FORGED }]) {
    const explanation = explain(seen, credential)
    const { sentence, notes, mistakes, code } = explanation
    const said = [
      sentence,
      ...notes,
      ...mistakes.flatMap((mistake) => [mistake.sentence, mistake.change]),
      code ?? '',
    ]
    for (const text of said) expect([text, isPlainText(text)]).toEqual([text, true])
    const lines = formatExplanation(explanation).split('\n')
    expect(lines.filter((line) => !/^[\x20-\x7e]*$/.test(line))).toEqual([])
    expect(lines.slice(1).filter((line) => line.startsWith('The MAC is right'))).toEqual([])
  }
})

test('quotes a value with spaces, so that it does not look like two columns', () => {
  const request = {
    method: 'GET',
    url: `http://a/x${' '.repeat(40)}=`,
    headers: { authorization: HEADER },
  }
  const text = formatExplanation(explain(request, KEY))
  expect(text).toContain(`"/x${' '.repeat(40)}="`)
})

test('a server with debug escapes the explanation in its answer, and the JSON still parses to the same', async () => {
  const mac = createMac({ database: 'sqlite::memory:', debug: true })
  await mac.createCredential('ada', { ...KEY, expires: null })
  const url = 'http://api.example.com/'
  const headers = {
    // Bytes above 0x7F arrive like this.
    host: 'api\u009b\u00ad.example.com',
    authorization: authorization(KEY, url),
  }
  const answer = await mac.withMac(() => new Response())(new Request(url, { headers }))
  const body = await answer.text()
  const { lines } = JSON.parse(body).explanation
  expect(lines[4]).toMatchObject({ name: 'host', received: 'api\u009b\u00ad.example.com' })
  expect(isPlainText(body)).toBe(true)
  await mac.close()
})

test('every sentence of an explanation is one line, whatever its parts are', () => {
  const mistake = { kind: 'x', side: 'client', sentence: FORGED, change: FORGED } as const
  const made = explanation('ERR_MAC_HOST', FORGED, { notes: [FORGED], mistakes: [mistake] })
  for (const text of [
    made.sentence,
    ...made.notes,
    made.mistakes[0]?.sentence,
    made.mistakes[0]?.change,
  ]) {
    expect(isPlainText(text ?? '\n')).toBe(true)
  }
})
