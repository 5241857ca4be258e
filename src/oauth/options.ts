import { z } from 'zod'
import { rateLimit } from '../credentials/validate.ts'
import type { MacError } from '../errors.ts'
import type { AddressSettings } from '../limits/client-address.ts'
import {
  type CheckOptions,
  functionOption,
  type OriginOption,
  type OriginSettings,
  originOptions,
  originSettings,
} from '../options.ts'
import { MAC_ALGORITHMS, type MacAlgorithm } from '../protocol/signature.ts'
import { optionsOf, readOptions } from '../read-options.ts'
import type { RateLimit } from '../types.ts'
import type { TokenErrorCode } from './answer.ts'
import { lifetime, type RefusedClient, type TokenClient } from './client.ts'
import type { SentClient } from './request.ts'

/** The argument of `authenticateClient`. */
export interface ClientAuthentication extends SentClient {
  /** The request. Its body was read already. Its header may contain the secret: do not log it. */
  readonly request: Request
}

/** Authenticates a client. Returns `null` if the secret is wrong, or if the client is unknown. */
export type AuthenticateClient = (sent: ClientAuthentication) => TokenResult | Promise<TokenResult>

/** The result of `authenticateClient`. */
export type TokenResult = TokenClient | RefusedClient | null

/** The argument of the function `algorithm`. */
export interface AlgorithmClient {
  readonly clientId: string
  readonly user: string
  readonly scopes: readonly string[]
}

/** The argument of `onIssue`: an issued credential without its key. */
export interface IssuedCredential {
  readonly clientId: string
  readonly user: string
  /** The MAC key identifier. */
  readonly id: string
  readonly algorithm: MacAlgorithm
  readonly scopes: readonly string[]
  readonly expires: Date
}

/** The argument of `onRefuse`: a request that got no credential. */
export interface RefusedTokenRequest {
  readonly error: TokenErrorCode
  readonly description: string
  readonly status: number
  /** The name that the client sent. It may be *not* authenticated. `null` if it was not read. */
  readonly clientId: string | null
}

/** The options of `createTokenEndpoint`. */
export interface TokenEndpointOptions {
  /**
   * Authenticates a client, and returns its user and scopes. Return `null` if the secret is wrong or the
   * client is unknown: the answer is the same. Compare secrets in constant time with `secretsAreEqual`,
   * even if the client is unknown. If the function throws, or does not answer within 30 seconds, the
   * client gets a 503.
   *
   * If the `Mac` has the option `rateLimit.failures`, a wrong secret counts like a wrong MAC. The function
   * is *not* called for an address with too many failures.
   */
  readonly authenticateClient: AuthenticateClient
  /**
   * The MAC algorithm, or a function of the client that returns it within 30 seconds. Default:
   * `hmac-sha-256`.
   */
  readonly algorithm?:
    | MacAlgorithm
    | ((client: AlgorithmClient) => MacAlgorithm | Promise<MacAlgorithm>)
    | undefined
  /** How many seconds credentials are valid, 1 to 31,622,400. Default: 3600. */
  readonly expiresSeconds?: number | undefined
  /**
   * How many credentials a client gets in how many seconds. Further requests get a 429. Only requests of
   * the authenticated client count, so that an attacker cannot exhaust the limit. The counts are kept
   * where the `Mac` keeps its counts (`rateLimit.store`). All token endpoints of a `Mac` share them, by
   * the name of the client. `null`: no limit. Default: 300 in 60.
   */
  readonly issueLimit?: RateLimit | null | undefined
  /** As for `withMac`. Here its scheme decides whether clients use TLS. Default: as for the `Mac`. */
  readonly origin?: OriginOption | undefined
  /** As for `withMac`. Here it decides whether clients use TLS. Default: as for the `Mac`. */
  readonly trustProxy?: boolean | 'forwarded' | 'x-forwarded' | undefined
  /**
   * As for `withMac`: returns the address of a client, from the arguments of the endpoint. Wrong secrets
   * are counted by it, for `rateLimit.failures`. If neither `origin` nor `trustProxy` is set, plain
   * `http:` to `localhost` is accepted only from an address of this machine. Default: as for the `Mac`,
   * otherwise the address that the server shows.
   */
  readonly clientAddress?: CheckOptions['clientAddress']
  /** Called for each issued credential, for logs. It cannot change the answer. */
  readonly onIssue?: ((issued: IssuedCredential, request: Request) => void) | undefined
  /** Called for each request that got no credential, for logs and alarms. It cannot change the answer. */
  readonly onRefuse?: ((refused: RefusedTokenRequest, request: Request) => void) | undefined
  /**
   * Called if the server failed: the store, or one of your functions (`ERR_MAC_CALLBACK`), also if it did
   * not answer in time. The client does *not* get the reason. Default: `console.error`.
   */
  readonly onError?: ((error: MacError, request: Request) => void) | undefined
}

/** The checked options with their defaults, frozen. */
export interface TokenEndpointSettings
  extends OriginSettings,
    AddressSettings,
    Pick<TokenEndpointOptions, 'authenticateClient' | 'onIssue' | 'onRefuse' | 'onError'> {
  readonly algorithm: NonNullable<TokenEndpointOptions['algorithm']>
  readonly expiresSeconds: number
  readonly issueLimit: RateLimit | null
}

const DEFAULT_ISSUE_LIMIT: RateLimit = { requests: 300, seconds: 60 }

const schema = optionsOf({
  ...originOptions,
  clientAddress: functionOption(),
  authenticateClient: z.custom((value) => typeof value === 'function', 'must be a function'),
  algorithm: z
    .union([z.enum(MAC_ALGORITHMS), z.custom((value) => typeof value === 'function')], {
      error: `must be ${MAC_ALGORITHMS.join(' or ')}, or a function that returns it`,
    })
    .optional(),
  expiresSeconds: lifetime.default(3600),
  issueLimit: rateLimit.default(DEFAULT_ISSUE_LIMIT),
  onIssue: functionOption(),
  onRefuse: functionOption(),
  onError: functionOption(),
})

/**
 * Checks the options of `createTokenEndpoint`.
 *
 * @param mac The settings that the options for origin and address default to.
 * @throws TypeError that names each option that is wrong.
 */
export function tokenEndpointSettings(
  options: TokenEndpointOptions,
  mac: OriginSettings & AddressSettings,
): TokenEndpointSettings {
  const given = readOptions(schema, options, 'createTokenEndpoint')
  const { authenticateClient, algorithm = 'hmac-sha-256', onIssue, onRefuse, onError } = options
  return Object.freeze({
    ...originSettings(given, mac),
    clientAddress: options.clientAddress ?? mac.clientAddress,
    authenticateClient,
    algorithm,
    expiresSeconds: given.expiresSeconds,
    issueLimit: given.issueLimit,
    onIssue,
    onRefuse,
    onError,
  })
}
