import { inspect } from 'node:util'
import { createMac, getMac, getMacError } from '../../src/index.ts'
import { expect, spyOn, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'

const URL = 'http://example.com/a'

test('no result, error or log shows a key after the credential was created', async () => {
  const seen: unknown[] = []
  const keep = (...values: unknown[]) => seen.push(...values)
  const log = spyOn(console, 'error').mockImplementation(keep)
  const mac = createMac({ database: 'sqlite::memory:', onAccept: keep, onReject: keep })
  const { id, key } = await mac.createCredential('ada')
  const app = mac.withMac(
    (request) => {
      keep(getMac(request), getMacError(request))
      return new Response()
    },
    { mode: 'optional' },
  )
  const requests = [
    signed({ id, key }, URL),
    signed({ id, key: 'another key' }, URL),
    signed({ id, key }, URL, { ts: 1 }),
  ]
  for (const request of requests) keep(await (await app(request)).text())
  keep(await mac.verify(signed({ id, key }, URL)), await mac.verify(signed({ id, key: 'x' }, URL)))
  keep(await mac.createCredential('ada', { id, key, ifExists: 'keep' }))
  keep(await mac.createCredential('ada', { id, key }).catch((error: unknown) => error))
  keep(await mac.createCredential('eve', { id, key }).catch((error: unknown) => error))
  keep(await mac.getCredential(id), await mac.listCredentials(), await mac.revokeCredential(id))
  keep(await mac.listCredentials({ user: 'ada' }), await mac.verify(signed({ id, key }, URL)))
  keep(await mac.deleteCredential(id), mac)
  await mac.close()
  keep(await mac.getCredential(id).catch((error: unknown) => error))
  log.mockRestore()
  expect(seen.length).toBeGreaterThan(15)
  for (const value of seen) {
    expect(JSON.stringify(value) ?? '').not.toContain(key)
    expect(inspect(value, { depth: 9, showHidden: true })).not.toContain(key)
  }
  expect(inspect(seen, { depth: 9 })).toContain(id)
})
