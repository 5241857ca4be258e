export type { TokenErrorCode } from './answer.ts'
export type { RefusedClient, TokenClient } from './client.ts'
export { secretsAreEqual } from './client.ts'
export type {
  AlgorithmClient,
  AuthenticateClient,
  ClientAuthentication,
  IssuedCredential,
  RefusedTokenRequest,
  TokenEndpointOptions,
  TokenResult,
} from './options.ts'
export type { ClientMethod, SentClient } from './request.ts'
export { createTokenEndpoint, type TokenEndpoint } from './token-endpoint.ts'
