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

/** What `authenticateClient` is to judge. */
export interface ClientAuthentication extends SentClient {
  /** The request, whose body was read. It may hold the secret: keep it out of logs. */
  readonly request: Request
}

/** Whether a client is who it says: `null` where it is not, or is unknown. */
export type AuthenticateClient = (sent: ClientAuthentication) => TokenResult | Promise<TokenResult>

/** What `authenticateClient` may give. */
export type TokenResult = TokenClient | RefusedClient | null

/** For whom an algorithm is to be chosen. */
export interface AlgorithmClient {
  readonly clientId: string
  readonly user: string
  readonly scopes: readonly string[]
}

/** What is told of a credential that was issued: not its key. */
export interface IssuedCredential {
  readonly clientId: string
  readonly user: string
  /** The MAC key identifier. */
  readonly id: string
  readonly algorithm: MacAlgorithm
  readonly scopes: readonly string[]
  readonly expires: Date
}

/** What is told of a request that got no credential. */
export interface RefusedTokenRequest {
  readonly error: TokenErrorCode
  readonly description: string
  readonly status: number
  /** Who the client said that it is, proved or not; `null` where it did not come so far. */
  readonly clientId: string | null
}

/** The options of `createTokenEndpoint`. */
export interface TokenEndpointOptions {
  /**
   * Says which client this is, and what it may have: its user and scopes; `null` where the secret is
   * wrong or there is no such client, which are answered alike. Compare secrets in constant time, with
   * `secretsAreEqual`, also where there is no such client. Where it throws, or has not answered within
   * 30 seconds, nobody gets anything.
   *
   * Is *not* asked for an address of which too many requests were refused, where the `Mac` has the
   * option `rateLimit.failures`: a wrong secret counts there as a wrong MAC does.
   */
  readonly authenticateClient: AuthenticateClient
  /**
   * The MAC algorithm, or a function of the client that tells it, within 30 seconds. Default:
   * `hmac-sha-256`.
   */
  readonly algorithm?:
    | MacAlgorithm
    | ((client: AlgorithmClient) => MacAlgorithm | Promise<MacAlgorithm>)
    | undefined
  /** How long credentials are valid, 1 to 31,622,400. Default: 3600. */
  readonly expiresSeconds?: number | undefined
  /**
   * How many credentials one client gets in how many seconds; more are answered 429. It counts who
   * proved to be that client, so that nobody else can use it up, where the `Mac` counts: its option
   * `rateLimit.store`; several endpoints of one `Mac` share what a client has used, by its name. `null`:
   * no limit. Default: 300 in 60.
   */
  readonly issueLimit?: RateLimit | null | undefined
  /** As for `withMac`: here its scheme tells whether clients come by TLS. Default: the `Mac`'s. */
  readonly origin?: OriginOption | undefined
  /** As for `withMac`: here it tells whether clients come by TLS. Default: the `Mac`'s. */
  readonly trustProxy?: boolean | 'forwarded' | 'x-forwarded' | undefined
  /**
   * As for `withMac`: the address that a client comes from, a function of the endpoint's own arguments.
   * By it wrong secrets are counted for `rateLimit.failures`; and where neither `origin` nor `trustProxy`
   * tells how clients come, plain `http:` to `localhost` is taken from an address of this machine alone.
   * Default: the `Mac`'s, else what the server shows, as there.
   */
  readonly clientAddress?: CheckOptions['clientAddress']
  /** Is told of each credential that was issued. For logs: it changes nothing. */
  readonly onIssue?: ((issued: IssuedCredential, request: Request) => void) | undefined
  /** Is told of each request that got none. For logs and alarms: it changes nothing. */
  readonly onRefuse?: ((refused: RefusedTokenRequest, request: Request) => void) | undefined
  /**
   * Is told of what failed on this side: a function of yours (`ERR_MAC_CALLBACK`), also by not answering,
   * or the store. The client learns nothing of it. Default: it goes to `console.error`.
   */
  readonly onError?: ((error: MacError, request: Request) => void) | undefined
}

/** All that an endpoint is made with: options checked, defaults filled in, frozen. */
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
      error: `must be ${MAC_ALGORITHMS.join(' or ')}, or a function that gives it`,
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
 * @param mac Where origin and address come from when they say nothing of them.
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
