import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { outcome } from '../support/outcome.ts'
import { expect, test } from '../support/runner.ts'
import { authorization, type Signing } from '../support/sign.ts'
import { startServer } from '../support/start-server.ts'

const SERVERS = 10
const EACH = 20

test('lastUsed and failures are right if ten processes use one file', async () => {
  using folder = temporaryFolder()
  const database = `sqlite:${folder.path('mac.db')}`
  const mac = createMac({ database })
  const ada = await mac.createCredential('ada')
  const begun = Math.floor(Date.now() / 1000)
  await using stack = new AsyncDisposableStack()
  const servers = await Promise.all(
    Array.from({ length: SERVERS }, async () => stack.use(await startServer({ database }))),
  )
  const send = (url: string, signing: Signing = {}) =>
    outcome(fetch(url, { headers: { authorization: authorization(ada, `${url}/`, signing) } }))
  await Promise.all(
    servers.map(async ({ url }) => {
      for (let time = 0; time < EACH; time++) {
        expect(await send(url, { mac: 'AAAA' })).toBe('401 ERR_MAC_REJECTED')
      }
      expect(await send(url)).toBe('200')
    }),
  )
  const { failures, lastUsed } = (await mac.getCredential(ada.id)) ?? {}
  expect(failures).toBe(SERVERS * EACH)
  const used = (lastUsed?.getTime() ?? 0) / 1000
  expect(used).toBeGreaterThanOrEqual(begun)
  expect(used).toBeLessThanOrEqual(Date.now() / 1000)
  await mac.close()
}, 180_000)
