export type { ClientCredential } from '../client/credential.ts'
export { type SignedInit, type SignedRequestInit, signedRequest } from './signed-request.ts'
export type { TestClock } from './test-mac.ts'
export {
  createTestMac,
  type TestMac,
  type TestMacOptions,
  type TestRequestInit,
} from './test-mac.ts'
