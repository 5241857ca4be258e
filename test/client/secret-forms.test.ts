import { secretForms, showsSecret } from '../../src/client/secret-forms.ts'
import { tokenSettings } from '../../src/client/token-options.ts'
import { describe, expect, test } from '../support/runner.ts'

const SECRET = `s3cr3t!&é<"'>`
const forms = secretForms(
  tokenSettings({
    tokenEndpoint: 'https://api.example.com/token',
    clientId: 'shop',
    clientSecret: SECRET,
  }),
)
const base64 = (text: string) => Buffer.from(text).toString('base64')
const encoded = new URLSearchParams({ '': SECRET }).toString().slice(1)

describe('a secret is found', () => {
  test.each([
    ['as it is', SECRET],
    ['form-encoded', encoded],
    ['form-encoded in lower case', encoded.toLowerCase()],
    ['percent-encoded', encodeURIComponent(SECRET)],
    ['as it is sent by Basic', base64(`shop:${encoded}`)],
    ['in base64 with its name', base64(`shop:${SECRET}`)],
    ['in base64 without padding', base64(`shop:${SECRET}`).replace(/=+$/, '')],
    ['in base64url', Buffer.from(`shop:${SECRET}`).toString('base64url')],
    ['as UTF-8 that was read as latin1', Buffer.from(SECRET).toString('latin1')],
    ['escaped for HTML by names', 's3cr3t!&amp;é&lt;&quot;&apos;&gt;'],
    ['escaped for HTML by numbers', 's3cr3t!&#38;é&#60;&#34;&#39;&#062;'],
    ['escaped for HTML in hex', 's3cr3t!&#x26;&#xE9;&#x3c;&#X22;&#x27;&#x3E;'],
    ['escaped for HTML in part', `s3cr3t!&amp;é<"&#39;>`],
    ['misread and escaped', 's3cr3t!&amp;Ã©&lt;&quot;&#39;&gt;'],
  ])('%s', (_name, form) => {
    expect(showsSecret(form, forms)).toBe(true)
    expect(showsSecret(`The secret ${form} is wrong.`, forms)).toBe(true)
  })
})

test.each(['', 'shop', 'The secret is wrong.', '&amp;&#x110000;&#1114112;&nbsp;&;', 's3cr3t'])(
  'no secret is seen in %s',
  (text) => {
    expect(showsSecret(text, forms)).toBe(false)
  },
)

test('no secret is seen where others are written, in base64 with / and +', () => {
  const clientSecret = '~~~???>>>'
  const settings = { tokenEndpoint: 'https://a.example/', clientId: 'abc', clientSecret }
  const own = secretForms(tokenSettings(settings))
  const token = base64(`abc:${clientSecret}`)
  expect(/[+/]/.test(token)).toBe(true)
  expect(showsSecret(token, own)).toBe(true)
  expect(showsSecret(token.replaceAll('+', '-').replaceAll('/', '_'), own)).toBe(true)
  expect(showsSecret(token, forms)).toBe(false)
})
