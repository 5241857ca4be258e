export type { RefusedClient, TokenClient } from './client.ts'
export type {
  AlgorithmClient,
  AuthenticateClient,
  ClientAuthentication,
  IssuedCredential,
  RefusedTokenRequest,
  TokenEndpointOptions,
  TokenResult,
} from './options.ts'
export type { TokenErrorCode } from './refusal.ts'
export { secretsAreEqual } from './secrets.ts'
export type { ClientMethod, SentClient } from './sent-client.ts'
export { createTokenEndpoint, type TokenEndpoint } from './token-endpoint.ts'
