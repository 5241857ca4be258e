import { z } from 'zod'
import { rateLimit } from '../credentials/fields.ts'
import type { AddressSettings } from '../limits/client.ts'
import { callback, originOptions } from '../option-schemas.ts'
import { originSettings } from '../origin-settings.ts'
import { MAC_ALGORITHMS } from '../protocol/algorithm.ts'
import { optionsOf, readOptions } from '../read-options.ts'
import type { OriginSettings } from '../server/signed-origin.ts'
import type { RateLimit } from '../store/types.ts'
import { lifetime } from './client.ts'
import type { TokenEndpointOptions } from './options.ts'

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
  clientAddress: callback,
  authenticateClient: z.custom((value) => typeof value === 'function', 'must be a function'),
  algorithm: z
    .union([z.enum(MAC_ALGORITHMS), z.custom((value) => typeof value === 'function')], {
      error: `must be ${MAC_ALGORITHMS.join(' or ')}, or a function that gives it`,
    })
    .optional(),
  expiresSeconds: lifetime.default(3600),
  issueLimit: rateLimit.default(DEFAULT_ISSUE_LIMIT),
  onIssue: callback,
  onRefuse: callback,
  onError: callback,
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
    ...originSettings(given, options, mac),
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
