import { chmodSync, writeFileSync } from 'node:fs'
import { readData } from '../../src/cli/body.ts'
import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'
import { withmac } from './run.ts'
import { ADA, AS_ADA } from './served.ts'

const URL = 'http://localhost:3000/'
const CREDENTIAL = JSON.stringify({ ...ADA, algorithm: 'hmac-sha-256' }, null, 2)
const HEAD = `GET / HTTP/1.1\nHost: a\nAuthorization: MAC id="ada", ts="1790000000", nonce="n", mac="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="\n\n`

/** A text in UTF-16, as PowerShell and old editors write it. */
function utf16(text: string, order: 'le' | 'be', mark: boolean): Buffer {
  const bytes = Buffer.from((mark ? '\ufeff' : '') + text, 'utf16le')
  return order === 'le' ? bytes : bytes.swap16()
}

test.each([
  ['without a byte order mark', (text: string) => Buffer.from(text)],
  ['with a byte order mark', (text: string) => Buffer.from(`\ufeff${text}`)],
  ['with CR LF', (text: string) => Buffer.from(text.replaceAll('\n', '\r\n'))],
  [
    'with a byte order mark and CR LF',
    (text: string) => Buffer.from(`\ufeff${text.replaceAll('\n', '\r\n')}`),
  ],
])('a UTF-8 file %s is read, as a credential and by explain', async (_, made) => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  writeFileSync(folder.path('ada.json'), made(CREDENTIAL), { mode: 0o600 })
  const signed = await withmac(['sign', 'GET', URL, '--credentials', 'ada.json'], { cwd })
  expect(signed.out).toMatch(/^Authorization: MAC id="ada"/)
  expect({ err: signed.err, status: signed.status }).toEqual({ err: '', status: 0 })
  const url = `${URL}x`
  const headers = { authorization: HEAD.split('Authorization: ')[1]?.trim() }
  const forms = [
    HEAD,
    `{\n"method": "GET",\n"url": "${url}",\n"headers": ${JSON.stringify(headers)}\n}`,
    `> GET /x HTTP/1.1\n> Host: a\n> Authorization: ${headers.authorization}\n>\n`,
    `method=GET url=${url} authorization='${headers.authorization}'\n`,
  ]
  for (const form of forms) {
    writeFileSync(folder.path('request'), made(form))
    const { out, status } = await withmac(['explain', 'request'], { cwd, env: AS_ADA })
    expect([form, out]).toEqual([form, expect.stringMatching(/^ERR_MAC_MISMATCH: /)])
    expect(status).toBe(1)
  }
})

test.each([
  ['little endian', 'le', true],
  ['big endian', 'be', true],
  ['little endian, without a mark', 'le', false],
  ['big endian, without a mark', 'be', false],
] as const)(
  'a UTF-16 file (%s) is rejected, and the error does not show its key',
  async (_, order, mark) => {
    using folder = temporaryFolder()
    const cwd = folder.path('')
    writeFileSync(folder.path('ada.json'), utf16(CREDENTIAL, order, mark), { mode: 0o600 })
    const signed = await withmac(['sign', 'GET', URL, '--credentials', 'ada.json'], { cwd })
    expect(signed).toEqual({
      out: '',
      err: 'withmac: ada.json is UTF-16: save it as UTF-8.\n',
      status: 2,
    })
    writeFileSync(folder.path('request'), utf16(HEAD, order, mark))
    const explained = await withmac(['explain', 'request'], { cwd, env: AS_ADA })
    expect(explained.err).toBe('withmac: request is UTF-16: save it as UTF-8.\n')
    expect(explained.status).toBe(2)
  },
)

test('a body from a file keeps every byte, also a byte order mark and line ends', async () => {
  using folder = temporaryFolder()
  const bytes = Buffer.from('\ufeffa\r\nb\n\u0000')
  writeFileSync(folder.path('body'), bytes)
  expect(await readData([`@${folder.path('body')}`])).toEqual(bytes)
})

test('a sealing key may have a byte order mark and CR LF, as files have them', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const key = sealingKeyOf('one')
  await withmac(['create', 'ada', '--id', 'a'], {
    cwd,
    env: { MAC_SEALING_KEY: `\ufeff${key}\r\n` },
  })
  const { status } = await withmac(['list'], { cwd, env: { MAC_SEALING_KEY: key } })
  expect(status).toBe(0)
  const sealingKey = () => `\ufeff${key}\r\n`
  const mac = createMac({ database: `sqlite:${folder.path('mac.db')}`, sealingKey })
  expect((await mac.getCredential('a'))?.user).toBe('ada')
  await mac.close()
})

test('if other users can read a credentials file, a note has the chmod line to paste', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  writeFileSync(folder.path("it's.json"), CREDENTIAL)
  chmodSync(folder.path("it's.json"), 0o644)
  const { err } = await withmac(['sign', 'GET', URL, '--credentials', "it's.json"], { cwd })
  expect(err).toBe(
    `note: other users can read the key in it's.json. Run: chmod 600 'it'\\''s.json'\n`,
  )
})
