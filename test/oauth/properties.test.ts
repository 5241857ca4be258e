import fc from 'fast-check'
import { TokenRefusal } from '../../src/oauth/answer.ts'
import { formDecode, parseForm, type SentClient, sentClient } from '../../src/oauth/request.ts'
import { expect, test } from '../support/runner.ts'
import { answerOf, basic, testEndpoint, tokenRequest } from './endpoint.ts'

const NAMES = ['grant_type', 'client_id', 'client_secret', 'scope'] as const
const text = fc.string({ unit: 'grapheme', maxLength: 40 })
/** Any valid name or secret of a client. */
const word = text.filter((value) => value !== '' && !/\p{Cc}/u.test(value))
/** Pieces of malformed forms and headers. */
const piece = fc.oneof(
  fc.constantFrom('&', '=', '%', '%2', '%zz', '%00', '%26', '%3D', '%C3%A9', '%ff', '+', ':', ';'),
  fc.constantFrom(...NAMES, 'client_credentials', 'Basic ', 'é', '😀', '%ed%a0%80', ' ', ','),
  fc.string({ unit: 'binary', maxLength: 4 }),
)
const junk = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(''))
const encode = (value: string) => new URLSearchParams({ '': value }).toString().slice(1)

/** Returns the result, or the `TokenRefusal`. Any other error is thrown. */
function resultOrRefusal<Value>(read: () => Value): Value | TokenRefusal {
  try {
    return read()
  } catch (error) {
    if (error instanceof TokenRefusal) return error
    throw error
  }
}

test('parseForm reads every well-encoded form', () => {
  const record = fc.dictionary(fc.oneof(fc.constantFrom(...NAMES), text), text)
  fc.assert(
    fc.property(record, (given) => {
      const form = parseForm(new URLSearchParams(given).toString())
      for (const name of NAMES) {
        const value = Object.hasOwn(given, name) ? given[name] : undefined
        expect(form.get(name)).toBe(value === '' ? undefined : value)
      }
    }),
  )
})

test('parseForm reads any text as the URL standard does, or rejects it', () => {
  fc.assert(
    fc.property(junk, (given) => {
      const form = resultOrRefusal(() => parseForm(given))
      if (form instanceof TokenRefusal) return expect(form.code).toBe('invalid_request')
      const standard = new URLSearchParams(`a&${given}`)
      for (const name of NAMES) {
        const values = standard.getAll(name).filter((value) => value !== '')
        expect(values).toEqual([...(form.has(name) ? [form.get(name) as string] : [])])
      }
    }),
    { numRuns: 2000 },
  )
})

test('formDecode decodes any form-encoded text', () => {
  fc.assert(fc.property(text, (given) => expect(formDecode(encode(given))).toBe(given)))
})

test('sentClient reads any name and secret from HTTP Basic, and from the body', () => {
  fc.assert(
    fc.property(word, word, (clientId, clientSecret) => {
      const { authorization } = basic(`${encode(clientId)}:${encode(clientSecret)}`)
      const sent = { clientId, clientSecret }
      expect(sentClient(authorization, new Map())).toEqual({ ...sent, method: 'basic' })
      const form = parseForm(`client_id=${encode(clientId)}&client_secret=${encode(clientSecret)}`)
      expect(sentClient(null, form)).toEqual({ ...sent, method: 'body' })
    }),
  )
})

test('sentClient reads a name and a secret from any header, or rejects it', () => {
  const header = fc.oneof(
    junk,
    junk.map((given) => basic(given).authorization),
    fc.base64String().map((given) => `Basic ${given}`),
    fc.uint8Array().map((bytes) => `Basic ${Buffer.from(bytes).toString('base64')}`),
  )
  fc.assert(
    fc.property(header, (given) => {
      const sent = resultOrRefusal(() => sentClient(given, new Map()))
      if (sent instanceof TokenRefusal) return expect(sent.code).toBe('invalid_client')
      const { clientId, clientSecret, method } = sent as SentClient
      expect([clientId === '', clientSecret === '', method]).toEqual([false, false, 'basic'])
    }),
    { numRuns: 2000 },
  )
})

test('the token endpoint answers any request, and only the right secret gets a key', async () => {
  const { endpoint, mac, failed } = testEndpoint({ issueLimit: null })
  const right = 'grant_type=client_credentials&client_id=shop&client_secret=shop-secret'
  const form = fc.oneof(
    junk,
    junk.map((given) => `${right}&${given}`),
  )
  await fc.assert(
    fc.asyncProperty(form, fc.option(junk), async (body, authorization) => {
      const headers = authorization === null ? {} : basic(authorization)
      const { status, json } = await answerOf(endpoint(tokenRequest(body, headers)))
      if (status !== 200) return expect([400, 401]).toContain(status)
      expect(new URLSearchParams(body).get('client_secret')).toBe('shop-secret')
      expect(await mac.getCredential(String(json.access_token))).toMatchObject({ user: 'ada' })
    }),
    { numRuns: 500 },
  )
  expect(failed).toEqual([])
})
