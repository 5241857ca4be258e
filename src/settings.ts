import type { AddressSettings } from './limits/client-address.ts'
import type { LimitSettings } from './limits/limits.ts'
import { type GivenCheckOptions, readMacOptions, readWithMacOptions } from './option-schemas.ts'
import type { CheckOptions, MacOptions, WithMacOptions } from './options.ts'
import { originSettings } from './origin-settings.ts'
import type { BodyRule } from './server/body.ts'
import { systemClock } from './server/clock.ts'
import { debugSetting } from './server/debug.ts'
import type { ScopeRule } from './server/scope.ts'
import type { OriginSettings } from './server/signed-origin.ts'
import { type DatabaseSource, parseDatabaseUrl } from './store/database-url.ts'
import { environmentSealer, type SealerSource } from './store/sealing/sealing-source.ts'

/** What concerns a single handler: options checked, defaults filled in, frozen. */
export interface CheckSettings extends BodyRule, OriginSettings, AddressSettings {
  readonly ext: CheckOptions['ext'] | null
  /** Whether a function decides by the request line, so that it must be unambiguous. */
  readonly readsTarget: boolean
  readonly onAccept: CheckOptions['onAccept'] | null
  readonly onReject: CheckOptions['onReject'] | null
  /** Whether refusals are explained to the client. */
  readonly debug: boolean
}

/** All that a `Mac` is made with. */
export interface MacSettings extends CheckSettings {
  readonly database: DatabaseSource
  /** Gives what keys are sealed and opened with. */
  readonly sealer: SealerSource
  readonly windowSeconds: number
  readonly maxNoncesInMemory: number
  /** The largest clock difference that is learned or applied; 0 where none is. */
  readonly maxClockOffsetSeconds: number
  readonly rateLimit: LimitSettings
  readonly now: () => number
}

/** All that a wrapped handler is made with, on top of its `Mac`. */
export interface WithMacSettings extends CheckSettings {
  readonly mode: 'required' | 'optional'
  readonly allowPreflight: boolean
  readonly requestTarget: WithMacOptions['requestTarget'] | null
  readonly scope: ScopeRule | null
}

const DEFAULT_DATABASE = 'sqlite:mac.db'
/** What holds for a handler where neither `createMac` nor `withMac` says otherwise. */
const DEFAULTS: CheckSettings = {
  origin: null,
  trustProxy: null,
  clientAddress: null,
  body: 'ignore',
  maxBodyBytes: 1_048_576,
  ext: null,
  readsTarget: false,
  onAccept: null,
  onReject: null,
  debug: false,
}

/**
 * Checks the options of `createMac`.
 * @param who Who is named where one is wrong.
 * @throws TypeError that names each option that is wrong.
 */
export function macSettings(options: MacOptions, who: string): MacSettings {
  const given = readMacOptions(options, who)
  const database = given.database ?? defaultDatabase()
  return Object.freeze({
    ...checkSettings(given, options, DEFAULTS),
    database,
    sealer: given.sealingKey ?? defaultSealer(),
    windowSeconds: given.windowSeconds,
    maxNoncesInMemory: given.maxNoncesInMemory,
    maxClockOffsetSeconds: given.clockOffset === false ? 0 : given.clockOffset.maxSeconds,
    rateLimit: given.rateLimit,
    now: options.now ?? systemClock,
  })
}

/**
 * Checks the options of `withMac`; what they leave out is taken from the `Mac`.
 * @throws TypeError that names each option that is wrong.
 */
export function withMacSettings(
  options: WithMacOptions,
  mac: CheckSettings,
  who: string,
): WithMacSettings {
  const given = readWithMacOptions(options, who)
  const own = checkSettings(given, options, mac)
  if (own.body === 'ignore' && options.maxBodyBytes !== undefined) {
    throw new TypeError(
      'withmac: maxBodyBytes goes with body: without it no body is read, and none is limited.',
    )
  }
  if (given.scope !== undefined && given.mode === 'optional') {
    throw new TypeError(
      "withmac: scope does not go with mode: 'optional', which lets callers in without any " +
        'credential: in the handler, look at getMac(request)?.scopes.',
    )
  }
  return Object.freeze({
    ...own,
    mode: given.mode,
    allowPreflight: given.allowPreflight,
    requestTarget: options.requestTarget ?? null,
    scope: given.scope ?? null,
    readsTarget: own.readsTarget || typeof given.scope === 'function',
  })
}

/** @param otherwise What holds where the options say nothing. */
function checkSettings(
  given: GivenCheckOptions,
  options: CheckOptions,
  otherwise: CheckSettings,
): CheckSettings {
  return {
    ...originSettings(given, options, otherwise),
    body: given.body ?? otherwise.body,
    maxBodyBytes: given.maxBodyBytes ?? otherwise.maxBodyBytes,
    clientAddress: options.clientAddress ?? otherwise.clientAddress,
    ext: options.ext ?? otherwise.ext,
    readsTarget: options.ext !== undefined || otherwise.readsTarget,
    onAccept: options.onAccept ?? otherwise.onAccept,
    onReject: options.onReject ?? otherwise.onReject,
    debug: debugSetting(options, otherwise.debug),
  }
}

function defaultSealer(): SealerSource {
  const sealer = environmentSealer()
  return () => sealer
}

function defaultDatabase(): DatabaseSource {
  const url = process.env.MAC_DATABASE_URL
  if (url === undefined || url === '') return parseDatabaseUrl(DEFAULT_DATABASE)
  try {
    return parseDatabaseUrl(url)
  } catch (cause) {
    throw new TypeError(`withmac: MAC_DATABASE_URL: ${(cause as Error).message}`, { cause })
  }
}
