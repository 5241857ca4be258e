import type { CheckOptions } from '../options.ts'

/**
 * Whether refusals are explained to the client.
 *
 * @param otherwise What holds where the options say nothing.
 * @throws TypeError in production, unless the options say that it is wanted even there.
 */
export function debugSetting(options: CheckOptions, otherwise: boolean): boolean {
  const { debug, debugEvenInProduction = false } = options
  if (debug === true && !debugEvenInProduction && inProduction()) {
    throw new TypeError(
      'withmac: debug is refused, since NODE_ENV is production: it tells strangers which key ' +
        'identifiers exist, and lets them use up the time of the server. onReject explains refusals to ' +
        'you alone. Whoever wants it all the same says debugEvenInProduction: true.',
    )
  }
  return debug ?? otherwise
}

function inProduction(): boolean {
  try {
    // Not process.env.NODE_ENV: bundlers put in its place what holds where they run.
    const { NODE_ENV = '' } = process.env
    return NODE_ENV.trim().toLowerCase() === 'production'
  } catch (cause) {
    throw new TypeError(
      'withmac: debug is refused, since NODE_ENV cannot be read to see whether this is production. ' +
        'Deno wants --allow-env=NODE_ENV; or say debugEvenInProduction: true.',
      { cause },
    )
  }
}
