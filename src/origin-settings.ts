import type { GivenOrigin } from './option-schemas.ts'
import type { CheckOptions } from './options.ts'
import type { ForwardedFamily } from './protocol/forwarded.ts'
import type { OriginSettings } from './server/signed-origin.ts'

/**
 * Where the origin comes from.
 * @param otherwise What holds where the options say nothing.
 */
export function originSettings(
  given: GivenOrigin,
  options: Pick<CheckOptions, 'origin' | 'trustProxy'>,
  otherwise: OriginSettings,
): OriginSettings {
  if (given.origin !== undefined && given.trustProxy !== false) {
    throw new TypeError('withmac: give either origin or trustProxy: with both, origin would win.')
  }
  // The two go together: whoever gives one of them says where the origin comes from.
  const placed = options.origin !== undefined || options.trustProxy !== undefined
  const trustProxy: ForwardedFamily | null =
    given.trustProxy === true ? 'both' : given.trustProxy || null
  return placed
    ? { origin: given.origin ?? null, trustProxy }
    : { origin: otherwise.origin, trustProxy: otherwise.trustProxy }
}
