import { type CreateOptions, createMac, type User } from '../../src/index.ts'
import { afterEach, describe, expect, test } from '../support/runner.ts'

const mac = createMac({ database: 'sqlite::memory:' })

/** Returns the message of the error. It must be a TypeError, and nothing may be created. */
async function complaint(user: unknown, options?: unknown): Promise<string> {
  const made = mac.createCredential(user as User, options as CreateOptions)
  const error = await made.then(
    () => null,
    (caught: unknown) => caught,
  )
  expect(error).toBeInstanceOf(TypeError)
  return (error as TypeError).message
}

afterEach(async () => {
  const left = await mac.listCredentials()
  for (const { id } of left) await mac.deleteCredential(id)
  expect(left).toEqual([])
})

describe('a user', () => {
  test.each([
    [undefined],
    [null],
    [''],
    [true],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [Symbol('ada')],
    [() => 'ada'],
    [[]],
    [['ada']],
    [{}],
    [{ id: null }],
    [{ id: '' }],
    [{ id: { id: 'ada' } }],
    [{ name: 'ada' }],
    [new Date()],
  ])('must not be %p', async (user) => {
    expect(await complaint(user)).toContain('user')
  })

  test('must not have more than 1024 characters', async () => {
    expect(await complaint('x'.repeat(1025))).toContain('user')
  })

  test.each([
    ['a lone surrogate', 'ada\ud800'],
    ['a NUL', 'ada\0'],
  ])('must not hold %s, which a database may not return unchanged', async (_, text) => {
    expect(await complaint(text)).toContain('user')
    expect(await complaint({ id: text })).toContain('user')
    expect(await complaint('ada', { label: text })).toContain('label')
  })
})

const forbidden: readonly [string, string, string][] = [
  ['a double quote', 'a"b', 'U+0022'],
  ['a backslash', 'a\\b', 'U+005C'],
  ['a line feed', 'a\nb', 'U+000A'],
  ['a NUL', 'a\0b', 'U+0000'],
  ['a tab', 'a\tb', 'U+0009'],
  ['a DEL', 'a\x7fb', 'U+007F'],
  ['a character outside ASCII', 'aéb', 'U+00E9'],
  ['an emoji', 'a🔑b', 'U+1F511'],
]

describe.each([['id'], ['key']])('%s', (name) => {
  test.each(forbidden)('must not hold %s, which is named', async (_, value, character) => {
    const message = await complaint('ada', { [name]: value })
    expect(message).toContain(`${name} holds`)
    expect(message).toContain(character)
  })

  test('is not shown in the error', async () => {
    expect(await complaint('ada', { [name]: 'secret"' })).not.toContain('secret')
  })

  test.each([[''], [5], [null], [{}]])('must not be %p', async (value) => {
    expect(await complaint('ada', { [name]: value })).toContain(name)
  })

  test('must not have more than 1024 characters', async () => {
    expect(await complaint('ada', { [name]: 'x'.repeat(1025) })).toContain(name)
  })
})

describe('the options', () => {
  test.each([
    ['algorithm', { algorithm: 'hmac-md5' }],
    ['algorithm', { algorithm: 'HMAC-SHA-256' }],
    ['expires', { expires: 'tomorrow' }],
    ['expires', { expires: '1800000000' }],
    ['expires', { expires: Number.NaN }],
    ['expires', { expires: -1 }],
    ['expires', { expires: Number.POSITIVE_INFINITY }],
    ['expires', { expires: new Date(Number.NaN) }],
    ['label', { label: 5 }],
    ['label', { label: ['a'] }],
    ['ifExists', { ifExists: 'replace' }],
    ['expire', { expire: null }],
    ['user', { user: 'eve' }],
  ])('are rejected, and %s is named, if they are %p', async (name, options) => {
    expect(await complaint('ada', options)).toContain(name)
  })

  test('are rejected if expires is a duration, and the error says what to write', async () => {
    const message = await complaint('ada', { expires: 3600 })
    expect(message).toContain('expires')
    expect(message).toContain('Math.floor(Date.now() / 1000) + 3600')
  })

  test('are rejected if the label has more than 1024 characters', async () => {
    expect(await complaint('ada', { label: 'x'.repeat(1025) })).toContain('label')
  })

  test.each([[null], [5], ['a'], [[]]])('must be an object, not %p', async (options) => {
    expect(await complaint('ada', options)).toContain('object')
  })
})
