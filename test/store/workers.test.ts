import { createMac } from '../../src/index.ts'
import { lateError } from '../../src/store/guard.ts'
import { expect, test } from '../support/runner.ts'

/* `test/frameworks` runs withmac in Cloudflare's runtime itself. */

test.each(['sqlite:mac.db', 'sqlite::memory:'])(
  'on Cloudflare Workers, %s is an error that names PostgreSQL',
  async (database) => {
    using _ = workers()
    const mac = createMac({ database })
    const error = await mac.ready().catch((caught) => caught)
    expect(error.code).toBe('ERR_MAC_STORE')
    expect(error.message).toContain('Cloudflare Workers have no SQLite file. Give database a pool')
  },
)

test('only on Cloudflare Workers, a late answer of the database is explained by its connections', () => {
  const elsewhere = lateError('The database').message
  using _ = workers()
  expect(lateError('The database').message).toBe(
    `${elsewhere} Cloudflare Workers cannot use the connections of another request: create the Mac for each request.`,
  )
})

/** Makes this runtime look like Cloudflare's until it is disposed. */
function workers(): Disposable {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator')
  Object.defineProperty(globalThis, 'navigator', {
    value: { userAgent: 'Cloudflare-Workers' },
    configurable: true,
  })
  return {
    [Symbol.dispose]() {
      if (before === undefined) Reflect.deleteProperty(globalThis, 'navigator')
      else Object.defineProperty(globalThis, 'navigator', before)
    },
  }
}
