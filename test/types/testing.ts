import type { Mac, NewCredential, User } from 'withmac'
import {
  createTestMac,
  signedRequest,
  type TestClock,
  type TestMac,
  type TestMacOptions,
} from 'withmac/testing'
import { type Equal, holds } from './exact.ts'

const testMac = await createTestMac({ user: { id: 7 }, startsAt: new Date(), body: 'required' })
holds<Equal<typeof testMac, TestMac>>()
holds<Equal<TestMac['mac'], Mac>>()
holds<Equal<TestMac['clock'], TestClock>>()
holds<Equal<TestMac['credential'], NewCredential>>()
holds<Equal<TestMac['credentialOf'], (user: User) => Promise<NewCredential>>>()
holds<Equal<ReturnType<TestMac['signedRequest']>, Promise<Request>>>()

const { clock, signedRequest: sign } = testMac
clock.advance(5)
clock.set(new Date())
holds<Equal<ReturnType<typeof clock.now>, number>>()
sign('/orders', { user: 7n, method: 'POST', body: '{}', ext: 'a', bindBody: false, nonce: 'n' })
sign(new URL('http://localhost/'), { headers: { accept: 'text/html' } })
signedRequest('http://localhost/', { credential: testMac.credential, now: clock.now })

// @ts-expect-error: the database is always in memory
holds<TestMacOptions['database'] extends undefined ? true : false>()
// @ts-expect-error: a TestMac has its own clock
createTestMac({ now: () => 5 })
// @ts-expect-error: a credential is required
signedRequest('http://localhost/', {})
// @ts-expect-error: only a TestMac has users
signedRequest('http://localhost/', { credential: testMac.credential, user: 'ada' })
