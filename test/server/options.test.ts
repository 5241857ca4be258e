import { createMac, withMac } from '../../src/index.ts'
import { describe, expect, test } from '../support/runner.ts'

const mac = createMac({ database: 'sqlite::memory:' })
const app = () => new Response()

/** @returns The message of the TypeError that `make` throws. */
function messageOf(make: () => unknown): string {
  try {
    make()
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return (error as TypeError).message
  }
  throw new Error('nothing was thrown')
}

const shared: readonly [string, Record<string, unknown>][] = [
  ['windowSecond', { windowSecond: 300 }],
  ['origin', { origin: 'api.example.com' }],
  ['origin', { origin: 'https://api.example.com/path' }],
  ['origin', { origin: 'https://api.example.com?query' }],
  ['origin', { origin: 'ftp://api.example.com' }],
  ['origin', { origin: 'https://user@api.example.com' }],
  ['origin', { origin: 'https://api.example.com:99999' }],
  ['origin', { origin: '' }],
  ['origin', { origin: [] }],
  ['origin', { origin: ['https://api.example.com', 'x'] }],
  ['origin', { origin: 5 }],
  ['origin', { origin: null }],
  ['trustProxy', { trustProxy: 'yes' }],
  ['trustProxy', { trustProxy: 1 }],
  ['trustProxy', { origin: 'https://api.example.com', trustProxy: true }],
  ['origin', { origin: 'https://api.example.com', trustProxy: 'forwarded' }],
  ['body', { body: 'always' }],
  ['body', { body: true }],
  ['maxBodyBytes', { body: 'required', maxBodyBytes: -1 }],
  ['maxBodyBytes', { body: 'required', maxBodyBytes: 1.5 }],
  ['maxBodyBytes', { body: 'required', maxBodyBytes: '1mb' }],
  ['maxBodyBytes', { body: 'required', maxBodyBytes: Number.POSITIVE_INFINITY }],
  ['ext', { ext: 'a' }],
  ['onAccept', { onAccept: true }],
  ['onReject', { onReject: {} }],
  ['debug', { debug: 'yes' }],
  ['debugEvenInProduction', { debugEvenInProduction: 1 }],
]

const ofCreateMac: readonly [string, Record<string, unknown>][] = [
  ['mode', { mode: 'optional' }],
  ['windowSeconds', { windowSeconds: 0 }],
  ['windowSeconds', { windowSeconds: -1 }],
  ['windowSeconds', { windowSeconds: 1.5 }],
  ['windowSeconds', { windowSeconds: '300' }],
  ['windowSeconds', { windowSeconds: Number.NaN }],
  ['windowSeconds', { windowSeconds: 86_401 }],
  ['clockOffset', { clockOffset: true }],
  ['clockOffset', { clockOffset: 60 }],
  ['clockOffset', { clockOffset: {} }],
  ['clockOffset', { clockOffset: { maxSeconds: 0 } }],
  ['clockOffset', { clockOffset: { maxSeconds: '60' } }],
  ['clockOffset', { clockOffset: { maxSeconds: 60, more: 1 } }],
  ['now', { now: 1_700_000_000 }],
  ['database', { database: '' }],
  ['database', { database: 'mac.db' }],
  ['database', { database: 'sqlite:' }],
  ['database', { database: 'sqlite://host/mac.db' }],
  ['database', { database: 'sqlite:mac.db?mode=ro' }],
  ['database', { database: 'sqlite:mac.db\n' }],
  ['database', { database: 'sqlite:mac\0.db' }],
  ['database', { database: 'sqlite:mac\x85.db' }],
  ['database', { database: 5 }],
  ['database', { database: null }],
  ['database', { database: { path: 'mac.db' } }],
]

const ofWithMac: readonly [string, Record<string, unknown>][] = [
  ['maxBodyBytes', { maxBodyBytes: 5 }],
  ['maxBodyBytes', { body: 'ignore', maxBodyBytes: 5 }],
  ['mode', { mode: 'require' }],
  ['mode', { mode: null }],
  ['allowPreflight', { allowPreflight: 'yes' }],
  ['database', { database: 'sqlite::memory:' }],
  ['windowSeconds', { windowSeconds: 300 }],
]

describe('createMac throws a TypeError that names', () => {
  test.each([...shared, ...ofCreateMac])('%s in %j', (name, options) => {
    expect(messageOf(() => createMac(options))).toContain(name)
  })

  test('all wrong options at once', () => {
    const options = { windowSeconds: 0, now: 1 } as object
    expect(messageOf(() => createMac(options))).toMatch(/windowSeconds.*now/)
  })

  test.each([[null], [5], ['sqlite:mac.db'], [[]]])('options that are %p', (options) => {
    expect(messageOf(() => createMac(options as object))).toContain('createMac')
  })
})

describe('withMac throws a TypeError that names', () => {
  test.each([...shared, ...ofWithMac])('%s in %j', (name, options) => {
    expect(messageOf(() => mac.withMac(app, options))).toContain(name)
  })

  const noHandlers = [undefined, null, 5, 'app', {}, { fetch: 5 }]
  test.each(noHandlers.map((handler) => [handler]))('the wrong handler %p', (handler) => {
    expect(messageOf(() => mac.withMac(handler as never))).toContain('function')
  })
})

describe('the URL of an unknown database', () => {
  test.each([
    ['mysql://u:secret@h/db'],
    ['mysql://u:p%40secret@h/db'],
    ['mysql://u:p@secret@h/db'],
    ['postgres://u:secret'],
    ['mysql://h/db?user=u&password=secret'],
    ['mysql:u:secret@h/db'],
  ])('is refused by a message without the password: %s', (database) => {
    const message = messageOf(() => createMac({ database }))
    expect(message).toMatch(/write (?:sqlite|postgres):/)
    expect(message).not.toContain('secret')
  })
})

describe('createMac accepts', () => {
  const database = 'sqlite:mac.db'
  test.each([
    [{}],
    [{ database }],
    [{ database: 'sqlite:///srv/mac.db' }],
    [{ database, windowSeconds: 1, clockOffset: { maxSeconds: 3600 } }],
    [{ database, clockOffset: false as const, origin: undefined, trustProxy: undefined }],
    [{ database, origin: 'https://api.example.com/', trustProxy: false }],
    [{ database, origin: ['https://a.example', 'http://[::1]:8080'] }],
    [{ database, origin: () => null }],
    [{ database, trustProxy: 'x-forwarded' as const }],
  ])('%j', (options) => {
    expect(createMac(options).withMac).toBeInstanceOf(Function)
  })

  test('a handler that replaces origin by trustProxy', () => {
    const pinned = createMac({ database, origin: 'https://api.example.com' })
    expect(pinned.withMac(app, { trustProxy: true })).toBeInstanceOf(Function)
    expect(pinned.withMac(app, {})).toBeInstanceOf(Function)
  })
})

test('withMac without createMac refuses the same wrong options', () => {
  expect(messageOf(() => withMac(app, { mode: 'x' } as never))).toContain('mode')
  expect(messageOf(() => withMac(undefined as never))).toContain('function')
})
