import type { Kysely, PostgresPool } from 'kysely'
import { z } from 'zod'
import { systemClock } from './callback.ts'
import { scopes } from './credentials/validate.ts'
import { isReadable } from './environment.ts'
import type { MacError } from './errors.ts'
import type { AddressSettings } from './limits/client-address.ts'
import { type LimitSettings, limitSettings, type RateLimitOptions } from './limits/limits.ts'
import type { ForwardedFamily } from './protocol/forwarded.ts'
import { type Origin, pinOrigins } from './protocol/pinned-origin.ts'
import { PROBLEM_NAMES, problemTypes } from './protocol/problem-type.ts'
import { checked, optionsOf, readOptions } from './read-options.ts'
import { type DatabaseSource, databaseSource, parseDatabaseUrl } from './store/database-url.ts'
import { MOST_FINGERPRINTS } from './store/fingerprints.ts'
import {
  KEY_PREFIX,
  type NonceSource,
  nonceSource,
  type RedisClient,
} from './store/nonce-source.ts'
import {
  environmentSealer,
  type SealerSource,
  sealerSource,
} from './store/sealing/sealing-source.ts'
import { DEFAULT_SETTINGS } from './store/store-settings.ts'
import type { MacIdentity, MacReport, NodeRequest, ScopeOption, VerifiedTarget } from './types.ts'

/**
 * The origin that clients sign: one origin; several, of which the request's `Host` header picks one; or a
 * function of the request. If the function returns `null`, the request is rejected.
 */
export type OriginOption = string | readonly string[] | ((request: Request) => string | null)

/**
 * Sealing keys, each of 32 random bytes, as base64 or base64url: one; several in a string, separated by
 * commas or white space; or an array. The first seals. Each of them opens what it has sealed.
 */
export type SealingKeys = string | readonly string[]

/** The options that `createMac` and `withMac` share: those of `withMac` win. */
export interface CheckOptions {
  /**
   * The public origin that clients sign, such as `https://api.example.com`. It is needed behind a proxy
   * that ends TLS or rewrites `Host`. If there are several, the request's `Host` header picks one; if two
   * differ only in their scheme, the scheme that the server sees decides. `Host` is *not* checked against a
   * single origin, so do not route by it. Default: the origin in the request itself.
   */
  readonly origin?: OriginOption | undefined
  /**
   * Reads the origin from `Forwarded` and `X-Forwarded-Proto`, `-Host` and `-Port`, or from one of the two
   * families. Anyone can send these fields. Use it only if every request comes through a proxy that sets or
   * removes each field that is read. `origin` is safer. Default: `false`, they are never read.
   */
  readonly trustProxy?: boolean | 'forwarded' | 'x-forwarded' | undefined
  /**
   * Returns the client's IP address, for `rateLimit.failures`; `undefined` if it is not known. The function
   * gets the handler's own arguments. Default: with `trustProxy`, the last address in `Forwarded` or
   * `X-Forwarded-For`, which the nearest proxy wrote; otherwise the address that Bun, Deno,
   * `@hono/node-server`, srvx, SvelteKit or Astro gives to a handler.
   *
   * @example
   * // Behind one proxy that adds to X-Forwarded-For, with the option origin
   * clientAddress: (request) => request.headers.get('x-forwarded-for')?.split(',').at(-1)
   */
  // biome-ignore lint/suspicious/noExplicitAny: any handler's first argument will do
  readonly clientAddress?: ClientAddress<any> | undefined
  /**
   * Whether bodies are verified. The draft leaves them uncovered, but a client may put a digest of the body
   * at the start of `ext`, and so bind it. `required`: each request must have a digest that matches its
   * body; without a body, that of the empty string. `optional`: if there is a digest, it must match.
   * `ignore`: digests are not looked for, and all of `ext` belongs to the application. Streams are verified
   * before the handler runs, and the handler gets its request unread. Default: `ignore`.
   */
  readonly body?: 'required' | 'optional' | 'ignore' | undefined
  /**
   * The longest body that is verified, in bytes. A longer one gets a 413 before more of it is read. Bodies
   * without a digest are *not* limited. Default: 1,048,576.
   */
  readonly maxBodyBytes?: number | undefined
  /**
   * Decides by the `ext` parameter whether to accept a request; `ext` is `null` if the request has none.
   * With `body`, the function gets the application's own part: what follows the digest. If it depends on
   * the path, look at `target`, not at `request.url`, in which one path can be written in several ways. A
   * request with an ambiguous path gets a 401.
   */
  readonly ext?:
    | ((ext: string | null, request: Request, target: VerifiedTarget) => boolean | Promise<boolean>)
    | undefined
  /**
   * The web pages that may read withmac's own answers, such as a 401 with its code and the server's time: their
   * origins, such as `https://app.example.com`, or `'*'` for all pages. Rejections then have
   * `Access-Control-Allow-Origin` and `Access-Control-Expose-Headers`. The handler's answers are *not* changed, and
   * preflights not answered: that is up to the handler. Default: no page.
   */
  readonly cors?: string | readonly string[] | undefined
  /** Is called for every request that is accepted by its credentials. For logs: it changes nothing. */
  readonly onAccept?: ((identity: MacIdentity, request: Request) => void) | undefined
  /**
   * Is called for every rejected request, with the reason, which is more precise than what the client gets.
   * For logs: it changes nothing. The report has the reference that the response carries, and explains the
   * rejection if you ask it to. Default: failures of the server are printed by `console.error`, and in
   * development (`NODE_ENV` is neither `production` nor `test`) a line for each rejected request.
   */
  readonly onReject?: ((error: MacError, request: Request, report: MacReport) => void) | undefined
  /**
   * Adds the result of {@link MacReport.explain} to the body of a 401, if the request names a credential
   * that exists. Strangers can then learn which credentials exist and which origin the server expects, and
   * can keep the server busy. The key and the expected MAC are never sent. For development only: a
   * TypeError if `NODE_ENV` is `production`. Default: `false`.
   */
  readonly debug?: boolean | undefined
  /** Allows `debug` even if `NODE_ENV` is `production`. Default: `false`. */
  readonly debugEvenInProduction?: boolean | undefined
}

/** Where the signed origin comes from, unless it is the request itself. */
export type OriginRule = readonly Origin[] | ((request: Request) => string | null)

/** How to find out which origin was signed. */
export interface OriginSettings {
  readonly origin: OriginRule | null
  readonly trustProxy: ForwardedFamily | null
}

/** {@link CheckOptions}, checked and with defaults. */
export interface CheckSettings extends OriginSettings, AddressSettings {
  readonly body: 'required' | 'optional' | 'ignore'
  readonly maxBodyBytes: number
  readonly ext: CheckOptions['ext'] | null
  /** Whether the function `scope` or `ext` decides by the path, so that the path must be unambiguous. */
  readonly needsClearPath: boolean
  /** The origins of pages that may read rejections; `*` for all pages; `null` for none. */
  readonly cors: CorsRule | null
  readonly onAccept: CheckOptions['onAccept'] | null
  readonly onReject: CheckOptions['onReject'] | null
  /** Whether the client gets an explanation of a rejection. */
  readonly debug: boolean
  /** The start of each `type` of a problem document. */
  readonly problemTypes: string
}

/** Which pages may read withmac's own answers: all, or those of some origins. */
export type CorsRule = '*' | ReadonlySet<string>

/** An option that is a function; what it returns is checked when it is called. */
export function functionOption<Type>(): z.ZodType<Type | undefined> {
  return z.custom<Type>((value) => typeof value === 'function', 'must be a function').optional()
}

/** The options that say where the origin comes from, as `createTokenEndpoint` has them too. */
export const originOptions: {
  readonly origin: z.ZodType<OriginRule | undefined>
  readonly trustProxy: z.ZodType<CheckOptions['trustProxy']>
} = {
  origin: z.unknown().transform(checked(originRule)).optional(),
  trustProxy: z
    .union([z.boolean(), z.enum(['forwarded', 'x-forwarded'])], {
      error: 'must be true, false, "forwarded" or "x-forwarded"',
    })
    .optional(),
}

const checkOptions = {
  ...originOptions,
  clientAddress: functionOption<NonNullable<CheckOptions['clientAddress']>>(),
  body: z.enum(['required', 'optional', 'ignore']).optional(),
  maxBodyBytes: z.int().min(0).optional(),
  ext: functionOption<NonNullable<CheckOptions['ext']>>(),
  cors: z.unknown().transform(checked(corsRule)).optional(),
  onAccept: functionOption<NonNullable<CheckOptions['onAccept']>>(),
  onReject: functionOption<NonNullable<CheckOptions['onReject']>>(),
  debug: z.boolean().optional(),
  debugEvenInProduction: z.boolean().default(false),
}

const CHECK_DEFAULTS: CheckSettings = {
  origin: null,
  trustProxy: null,
  clientAddress: null,
  body: 'ignore',
  maxBodyBytes: 1_048_576,
  ext: null,
  needsClearPath: false,
  cors: null,
  onAccept: null,
  onReject: null,
  debug: false,
  problemTypes: PROBLEM_NAMES,
}

/** The options of `createMac`. */
export interface MacOptions extends CheckOptions {
  /**
   * Where credentials and nonces are stored: `sqlite:path`, `sqlite::memory:`, `postgres://…` (which needs the
   * package `pg`), your own `Pool` of pg, or your own Kysely on SQLite or PostgreSQL. In your own, withmac
   * creates tables whose names start with `mac_`; how safely it writes to disk is up to you; and withmac must
   * not be called within one of its transactions. Default: `MAC_DATABASE_URL`, otherwise `sqlite:mac.db` in
   * the working directory.
   */
  // biome-ignore lint/suspicious/noExplicitAny: a Kysely of any database type must be assignable
  readonly database?: string | Kysely<any> | PostgresPool | undefined
  /**
   * Where nonces are kept, if not in the database: a Redis or Valkey that several machines share, as
   * `redis://…`, `rediss://…`, `valkey://…` or `valkeys://…` (which needs the package `redis`), or your own client
   * of ioredis, redis or Bun. It must never evict keys (`maxmemory-policy noeviction`). Credentials stay in
   * the database. Give all servers the same. `null`: in the database, whatever the environment says. Default:
   * `MAC_NONCES_URL`, otherwise the database.
   */
  readonly nonces?: string | RedisClient | null | undefined
  /** The start of all keys in Redis: letters, digits and `_:.-`, at most 64. Default: `withmac`. */
  readonly nonceKeyPrefix?: string | undefined
  /**
   * How long a request waits for PostgreSQL and Redis, in seconds, 0.05 to 60. It counts from the arrival of the
   * request, without the time in which its body arrives. Then the request gets a 503. SQLite does not need it.
   * Default: 2.
   */
  readonly storeTimeoutSeconds?: number | undefined
  /**
   * How many connections withmac opens to PostgreSQL at most, 2 to 1,000: half of them, but at most four, for
   * nonces. Only with a URL of PostgreSQL. Default: 8.
   */
  readonly connections?: number | undefined
  /**
   * Whether withmac uses named prepared statements in PostgreSQL, which halve its work for a request. `false` is
   * for PgBouncer before version 1.21. Default: `true`.
   */
  readonly preparedStatements?: boolean | undefined
  /** How far a timestamp may differ from the server's clock, in seconds: 1 to 86,400. Default: 300. */
  readonly windowSeconds?: number | undefined
  /**
   * How many nonces this `Mac` keeps in memory, at most 20 bytes each: 1,000 to 1,073,741,824. If there are
   * more, it forgets the oldest 32 seconds of them, and rejects requests with timestamps of that time. So a
   * flood by a client with a valid key leads to rejections, not to a replay. Use the same value in all
   * processes on one database, since each decides by its own. Default: 33,554,432.
   */
  readonly maxNoncesInMemory?: number | undefined
  /**
   * Learns the difference between a client's clock and the server's from the first request of each
   * credential (draft §4.1), up to `maxSeconds`. Default: `false`.
   */
  readonly clockOffset?: false | { readonly maxSeconds: number } | undefined
  /**
   * The key that encrypts ("seals") MAC keys in the database, by AES-256-GCM, so that a stolen file holds no
   * usable key; or a function that returns it, for a secret manager or a KMS. The function is called when
   * the database is opened, and must answer within 10 seconds. If it fails, it is called again at the next
   * use, at most once a second. `null`: no sealing key, whatever the environment says; a database with
   * sealed keys then cannot be opened. `mac.reseal()` seals the keys that are in the database already.
   * Default: `MAC_SEALING_KEY`; without it, keys are stored unencrypted.
   */
  readonly sealingKey?: SealingKeys | (() => SealingKeys | Promise<SealingKeys>) | null | undefined
  /**
   * Rate limits: `requests` are accepted in a window of `seconds` that begins with the first of them, by the
   * system's clock; further ones get a 429. Default: only credentials with their own `rateLimit` are
   * limited.
   */
  readonly rateLimit?: RateLimitOptions | undefined
  /**
   * Where you publish the documentation's pages about error codes: an absolute URL, or a path on this host, with
   * a slash at its end. With `https://docs.example.com/errors/`, the `type` of a replay's problem document is
   * `https://docs.example.com/errors/replay`. withmac does *not* check that the pages exist. Default: the types
   * are names that no browser opens, such as `urn:problem-type:withmac:replay`.
   */
  readonly problemTypes?: string | undefined
  /** The server's clock, in seconds since 1970. For tests and simulations. */
  readonly now?: (() => number) | undefined
}

/** {@link MacOptions}, checked and with defaults. */
export interface MacSettings extends CheckSettings {
  readonly database: DatabaseSource
  /** Where nonces are kept; `null` for the database. */
  readonly nonces: NonceSource | null
  readonly storeTimeoutSeconds: number
  readonly connections: number
  readonly preparedStatements: boolean
  /** Returns what keys are sealed and opened with. */
  readonly sealer: SealerSource
  readonly windowSeconds: number
  readonly maxNoncesInMemory: number
  /** The largest clock difference that is learned or applied; 0 if none is. */
  readonly maxClockOffsetSeconds: number
  readonly rateLimit: LimitSettings
  readonly now: () => number
}

const macOptions = optionsOf({
  ...checkOptions,
  database: z.unknown().transform(checked(databaseSource)).optional(),
  nonces: z.unknown().transform(checked(nonceSource)).nullable().optional(),
  nonceKeyPrefix: z
    .string()
    .regex(KEY_PREFIX, 'must be 1 to 64 letters, digits and _:.-')
    .default('withmac'),
  storeTimeoutSeconds: z.number().min(0.05).max(60).default(DEFAULT_SETTINGS.timeoutSeconds),
  connections: z.int().min(2).max(1000).optional(),
  preparedStatements: z.boolean().default(DEFAULT_SETTINGS.preparedStatements),
  windowSeconds: z.int().min(1).max(86_400).default(300),
  maxNoncesInMemory: z
    .int()
    .min(1000)
    .max(2 ** 30)
    .default(MOST_FINGERPRINTS),
  clockOffset: z
    .union([z.literal(false), optionsOf({ maxSeconds: z.int().min(1).max(315_360_000) })], {
      error: 'must be false or { maxSeconds } with a whole number of seconds',
    })
    .default(false),
  sealingKey: z.unknown().transform(checked(sealerSource)).optional(),
  rateLimit: limitSettings,
  problemTypes: z.unknown().transform(checked(problemTypes)).optional(),
  now: functionOption<() => number>(),
})

/**
 * Checks the options of `createMac`.
 *
 * @param who The function that an error names.
 * @throws TypeError that names each option that is wrong.
 */
export function macSettings(options: MacOptions, who: string): MacSettings {
  const given = readOptions(macOptions, options, who)
  const { clockOffset, windowSeconds, maxNoncesInMemory, rateLimit } = given
  return Object.freeze({
    ...checkSettings(given, CHECK_DEFAULTS),
    problemTypes: given.problemTypes ?? PROBLEM_NAMES,
    ...{ windowSeconds, maxNoncesInMemory, rateLimit },
    ...storeSettings(given),
    sealer: given.sealingKey ?? defaultSealer(),
    maxClockOffsetSeconds: clockOffset === false ? 0 : clockOffset.maxSeconds,
    now: given.now ?? systemClock,
  })
}

/** Returns where credentials and nonces are stored. */
function storeSettings({
  database = environmentDatabase(),
  nonces,
  nonceKeyPrefix: keyPrefix,
  connections,
  storeTimeoutSeconds,
  preparedStatements,
}: z.output<typeof macOptions>) {
  if (connections !== undefined && ('pool' in database || 'kysely' in database)) {
    throw new TypeError(
      'withmac: connections goes with a URL of PostgreSQL: your own Pool or Kysely has its own limit.',
    )
  }
  return {
    database,
    nonces:
      nonces === undefined ? environmentNonces(keyPrefix) : nonces && { ...nonces, keyPrefix },
    ...{
      storeTimeoutSeconds,
      preparedStatements,
      connections: connections ?? DEFAULT_SETTINGS.connections,
    },
  }
}

/** The options of `withMac`. */
// biome-ignore lint/suspicious/noExplicitAny: any handler's first argument will do
export interface WithMacOptions<First = any> extends CheckOptions {
  /**
   * `required`: a request without valid credentials gets a 401. `optional`: it reaches the handler as
   * anonymous. Default: `required`.
   */
  readonly mode?: 'required' | 'optional' | undefined
  /**
   * Accepts unsigned CORS preflights: `OPTIONS` with `Access-Control-Request-Method`, which browsers send
   * without credentials. Default: `false`.
   */
  readonly allowPreflight?: boolean | undefined
  /**
   * The scopes that the credential needs: one scope; several, all of which are needed; or a function that
   * returns them or a promise of them (`null` for none; an empty array is a mistake and gets a 503). The
   * function is called after the request was verified and its nonce recorded. If a scope is missing, the
   * client gets a 403. It cannot be used with the mode `optional`, in which no credential is needed.
   * Default: no scope is needed.
   *
   * A function should look at `target`, not at `request.url`, which routers decode and normalize in
   * different ways. With a function, a request with an ambiguous path gets a 401: see
   * {@link VerifiedTarget}.
   *
   * @example
   * withMac(app, { scope: (_, { method }) => (method === 'GET' ? 'orders:read' : 'orders:write') })
   */
  readonly scope?: ScopeOption | undefined
  /**
   * Returns the request target as it was received, for servers that give handlers only a normalized
   * `request.url`. The function gets the handler's own arguments. If it returns `undefined`, and by default,
   * the target is taken from `request.url`.
   *
   * It may return the target, or the request of node:http that holds it. With the latter the host is checked
   * too: a request without a host, for which servers invent one, is rejected, and so is one whose `Host` and
   * `:authority` differ, unless `origin` or `trustProxy` tells the host.
   *
   * @example
   * // @hono/node-server
   * withMac(app, { requestTarget: (_request, env) => env.incoming })
   */
  readonly requestTarget?: RequestTarget<First> | undefined
  /**
   * Returns the path that the client signed, if a proxy or a mounted application has cut a prefix off. The
   * function gets the handler's own arguments. The query comes from `request.url`. The path must be the one of
   * `request.url` with a prefix in front, otherwise the request gets a 401: so a handler never runs that another
   * path was signed for. Take the prefix from your configuration, *not* from a header field, which anyone can
   * send. It does not go with `requestTarget`. Default: the path of `request.url`.
   *
   * @example
   * // nginx: location /api/ { proxy_pass http://127.0.0.1:3000/; }
   * withMac(app, { path: (request) => `/api${new URL(request.url).pathname}` })
   */
  readonly path?: SignedPath<First> | undefined
  readonly clientAddress?: ClientAddress<First> | undefined
}

// biome-ignore lint/suspicious/noExplicitAny: a handler need not declare what its server adds
type SignedPath<First> = (first: First, ...rest: any[]) => string

// biome-ignore lint/suspicious/noExplicitAny: a handler need not declare what its server adds
type RequestTarget<First> = (first: First, ...rest: any[]) => string | NodeRequest | undefined

// biome-ignore lint/suspicious/noExplicitAny: as above
type ClientAddress<First> = (first: First, ...rest: any[]) => string | undefined

/** {@link WithMacOptions}, checked; what they leave out comes from the `Mac`. */
export interface WithMacSettings extends CheckSettings {
  readonly mode: 'required' | 'optional'
  readonly allowPreflight: boolean
  readonly requestTarget: NonNullable<WithMacOptions['requestTarget']> | null
  readonly path: NonNullable<WithMacOptions['path']> | null
  readonly scope: ScopeRule | null
}

/** The scopes that a credential needs: always the same, or asked for each request. */
export type ScopeRule = readonly string[] | ((request: Request, target: VerifiedTarget) => unknown)

const admitOptions = {
  ...checkOptions,
  mode: z.enum(['required', 'optional']).default('required'),
  allowPreflight: z.boolean().default(false),
  scope: z.unknown().transform(checked(scopeRule)).optional(),
}

const withMacOptions = optionsOf({
  ...admitOptions,
  requestTarget: functionOption<NonNullable<WithMacOptions['requestTarget']>>(),
  path: functionOption<NonNullable<WithMacOptions['path']>>(),
})

/**
 * The options of `mac.verify`: those of `withMac`. The three that are functions of the handler's arguments there are
 * plain values here.
 */
export interface VerifyOptions
  extends Omit<WithMacOptions, 'requestTarget' | 'path' | 'clientAddress'> {
  /** The request target as it was received, or node:http's request: see {@link WithMacOptions.requestTarget}. */
  readonly requestTarget?: string | NodeRequest | undefined
  /** The path that the client signed: see {@link WithMacOptions.path}. */
  readonly path?: string | undefined
  /**
   * The client's IP address, for `rateLimit.failures`. Default: the option `clientAddress` of `createMac` or
   * `trustProxy` tells it.
   */
  readonly clientAddress?: string | undefined
}

const verifyOptions = optionsOf({
  ...admitOptions,
  requestTarget: z
    .custom<string | NodeRequest>(
      (value) => typeof value === 'string' || (typeof value === 'object' && value !== null),
      "must be a string or node:http's request",
    )
    .optional(),
  path: z.string().optional(),
  clientAddress: z.string().optional(),
})

/** The options of one call of `mac.verify`, checked. */
export interface VerifySettings {
  /** `null` if only the `Mac`'s settings hold. */
  readonly settings: WithMacSettings | null
  readonly requestTarget?: string | NodeRequest | undefined
  readonly path?: string | undefined
  readonly clientAddress?: string | undefined
}

const ADMIT_NAMES = Object.keys(admitOptions) as (keyof typeof admitOptions)[]

/**
 * Checks the options of `mac.verify`.
 *
 * @param mac The settings of the `Mac`.
 * @throws TypeError that names each option that is wrong.
 */
export function verifySettings(options: VerifyOptions, mac: CheckSettings): VerifySettings {
  const read = readOptions(verifyOptions, options, 'verify')
  const { requestTarget, path, clientAddress } = read
  checkOneTarget(requestTarget, path)
  // An option may be inherited, as from a class: then it is none of the object's own keys.
  const isPlain = ADMIT_NAMES.every((name) => options[name] === undefined)
  const settings = isPlain ? null : admitSettings({ ...read, clientAddress: undefined }, mac)
  return { settings, requestTarget, path, clientAddress }
}

/**
 * Checks the options of `withMac` or `routes`.
 *
 * @param mac The settings of the `Mac`: they hold for every option that is left out.
 * @param who The function that an error names.
 * @throws TypeError that names each option that is wrong.
 */
export function withMacSettings(
  options: WithMacOptions,
  mac: CheckSettings,
  who: string,
): WithMacSettings {
  const { requestTarget, path, ...given } = readOptions(withMacOptions, options, who)
  checkOneTarget(requestTarget, path)
  const settings = admitSettings(given, mac)
  return Object.freeze({ ...settings, requestTarget: requestTarget ?? null, path: path ?? null })
}

function checkOneTarget(requestTarget: unknown, path: unknown): void {
  if (requestTarget === undefined || path === undefined) return
  throw new TypeError(
    'withmac: give either requestTarget, which is the whole target that the client signed, or path.',
  )
}

function admitSettings(
  given: Omit<z.output<typeof withMacOptions>, 'requestTarget' | 'path'>,
  mac: CheckSettings,
): WithMacSettings {
  const { mode, allowPreflight, scope = null } = given
  const own = checkSettings(given, mac)
  if (own.body === 'ignore' && given.maxBodyBytes !== undefined) {
    throw new TypeError(
      'withmac: maxBodyBytes goes with body: without it no body is read, and none is limited.',
    )
  }
  if (scope !== null && mode === 'optional') {
    throw new TypeError(
      "withmac: scope does not go with mode: 'optional', which accepts callers without any " +
        'credential: in the handler, look at getMac(request)?.scopes.',
    )
  }
  const needsClearPath = own.needsClearPath || typeof scope === 'function'
  return Object.freeze({
    ...own,
    ...{ needsClearPath, mode, allowPreflight, scope },
    ...{ requestTarget: null, path: null },
  })
}

/** @param defaults What holds for an option that is left out. */
function checkSettings(
  given: z.output<z.ZodObject<typeof checkOptions>>,
  defaults: CheckSettings,
): CheckSettings {
  return {
    ...originSettings(given, defaults),
    clientAddress: given.clientAddress ?? defaults.clientAddress,
    body: given.body ?? defaults.body,
    maxBodyBytes: given.maxBodyBytes ?? defaults.maxBodyBytes,
    ext: given.ext ?? defaults.ext,
    needsClearPath: given.ext !== undefined || defaults.needsClearPath,
    cors: given.cors ?? defaults.cors,
    onAccept: given.onAccept ?? defaults.onAccept,
    onReject: given.onReject ?? defaults.onReject,
    debug: debugSetting(given, defaults.debug),
    problemTypes: defaults.problemTypes,
  }
}

/**
 * Returns where the origin comes from. `origin` and `trustProxy` go together: options with one of them
 * replace both defaults.
 *
 * @param defaults What holds if both are left out.
 */
export function originSettings(
  given: {
    readonly origin?: OriginRule | undefined
    readonly trustProxy?: CheckOptions['trustProxy']
  },
  defaults: OriginSettings,
): OriginSettings {
  const { origin = null, trustProxy } = given
  if (origin === null && trustProxy === undefined) {
    return { origin: defaults.origin, trustProxy: defaults.trustProxy }
  }
  const family = trustProxy === true ? 'both' : trustProxy || null
  if (origin !== null && family !== null) {
    throw new TypeError('withmac: give either origin or trustProxy: with both, origin would win.')
  }
  return { origin, trustProxy: family }
}

function originRule(option: unknown): OriginRule {
  if (typeof option !== 'function') return pinOrigins(option)
  return option as (request: Request) => string | null
}

function corsRule(option: unknown): CorsRule {
  if (option === '*') return '*'
  const origins: readonly unknown[] = Array.isArray(option) ? option : [option]
  if (origins.length > 0 && origins.every(isPageOrigin)) return new Set(origins)
  throw new TypeError(
    'must be "*" or origins of pages as browsers send them, such as "https://app.example.com"',
  )
}

/** Whether a browser could send this text as `Origin`. Pages of extensions and apps have schemes of their own. */
function isPageOrigin(text: unknown): text is string {
  if (typeof text !== 'string' || !/^[a-z][a-z0-9+.-]*:\/\/[a-z0-9._:[\]-]+$/.test(text))
    return false
  try {
    return !/^https?:/.test(text) || new URL(text).origin === text
  } catch {
    return false
  }
}

function scopeRule(option: unknown): ScopeRule {
  if (typeof option === 'function') return option as ScopeRule
  const needed = readScopes(option)
  if (needed.length > 0) return needed
  throw new TypeError('names no scope; leave the option out if none is needed')
}

/**
 * Reads the scopes of the option `scope`, or those that its function returned.
 *
 * @throws TypeError if they are not scopes.
 */
export function readScopes(needed: unknown): readonly string[] {
  const read = scopes.safeParse(typeof needed === 'string' ? [needed] : needed)
  if (read.success) return read.data
  const [issue] = read.error.issues
  const rule = 'must be a scope, an array of several, or a function that gives them'
  throw new TypeError(issue?.path.length ? `${rule}: a scope ${issue.message}` : rule)
}

/** @throws TypeError in production, unless `debugEvenInProduction` is given. */
function debugSetting(
  { debug, debugEvenInProduction }: Pick<CheckOptions, 'debug' | 'debugEvenInProduction'>,
  defaults: boolean,
): boolean {
  if (debug === true && !debugEvenInProduction && isProduction()) {
    throw new TypeError(
      'withmac: debug is refused, since NODE_ENV is production: it tells strangers which key ' +
        'identifiers exist, and lets them use up the time of the server. onReject explains rejections ' +
        'to you alone. If you want it all the same, add debugEvenInProduction: true.',
    )
  }
  return debug ?? defaults
}

function isProduction(): boolean {
  try {
    // Not process.env.NODE_ENV: a bundler would put in its place what holds on the build machine.
    const { NODE_ENV = '' } = process.env
    return NODE_ENV.trim().toLowerCase() === 'production'
  } catch (cause) {
    throw new TypeError(
      'withmac: debug is refused, since NODE_ENV cannot be read to see whether this is production. ' +
        'Give Deno --allow-env=NODE_ENV, or add debugEvenInProduction: true.',
      { cause },
    )
  }
}

function environmentDatabase(): DatabaseSource {
  const url = process.env.MAC_DATABASE_URL || 'sqlite:mac.db'
  try {
    return parseDatabaseUrl(url)
  } catch (cause) {
    throw new TypeError(`withmac: MAC_DATABASE_URL: ${(cause as Error).message}`, { cause })
  }
}

function environmentNonces(keyPrefix: string): NonceSource | null {
  // Deno would ask the user at the terminal.
  if (!isReadable('MAC_NONCES_URL')) return null
  const url = process.env.MAC_NONCES_URL
  if (!url) return null
  try {
    return { ...nonceSource(url), keyPrefix }
  } catch (cause) {
    throw new TypeError(`withmac: MAC_NONCES_URL ${(cause as Error).message}`, { cause })
  }
}

function defaultSealer(): SealerSource {
  const sealer = environmentSealer()
  return () => sealer
}
