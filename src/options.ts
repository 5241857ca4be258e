import type { Kysely } from 'kysely'
import type { MacError } from './errors.ts'
import type { RateLimitStore } from './limits/shared-counter.ts'
import type { MacIdentity } from './server/identity.ts'
import type { NodeRequest } from './server/raw-target.ts'
import type { MacReport } from './server/report.ts'
import type { ScopeOption } from './server/scope.ts'
import type { VerifiedTarget } from './server/verified-target.ts'
import type { RateLimit } from './types.ts'

/**
 * The origin that clients sign: one; several, told apart by the `Host` header; or a function of the
 * request, in which `null` refuses it.
 */
export type OriginOption = string | readonly string[] | ((request: Request) => string | null)

/**
 * Sealing keys: 32 random bytes each, as base64 or base64url; one, several in a text with commas or
 * white space between them, or a list. The first seals, and each opens what it has sealed.
 */
export type SealingKeys = string | readonly string[]

/** What concerns a single handler. */
export interface CheckOptions {
  /**
   * The public origin that clients sign, such as `https://api.example.com`. Needed behind a proxy
   * that ends TLS or rewrites `Host`. With several, the request's `Host` header picks one, and where
   * two differ in their scheme alone, the scheme that the server sees. `Host` is *not* checked
   * against a single origin: do not route by it. Default: what the request says of itself.
   */
  readonly origin?: OriginOption | undefined
  /**
   * Reads `Forwarded` and `X-Forwarded-Proto`, `-Host` and `-Port`, or one family of them alone.
   * Anyone can send these: only for a server that is reached through a proxy which sets or removes
   * each of the fields that are read. `origin` is safer. Default: `false`, they are never read.
   */
  readonly trustProxy?: boolean | 'forwarded' | 'x-forwarded' | undefined
  /**
   * The address that a client comes from, for `rateLimit.failures`: a function of the handler's own
   * arguments, as a server or a proxy writes it, and `undefined` where it is not known. Default: with
   * `trustProxy`, what the nearest proxy wrote last into `Forwarded` or `X-Forwarded-For`; else what
   * Bun, Deno, @hono/node-server, srvx, SvelteKit and Astro show a handler.
   *
   * @example
   * // Behind one proxy that adds to X-Forwarded-For, with the option origin
   * clientAddress: (request) => request.headers.get('x-forwarded-for')?.split(',').at(-1)
   */
  // biome-ignore lint/suspicious/noExplicitAny: any handler's first argument will do
  readonly clientAddress?: ClientAddress<any> | undefined
  /**
   * What is demanded of bodies, which the draft leaves uncovered: a client may bind one by its digest
   * at the start of `ext`. `required`: each request has such a digest and the body that it is of, or
   * the empty string's where there is no body; all else is refused. `optional`: a digest that is there
   * must be right. `ignore`: none is looked for, and all of `ext` is the application's. Streams are
   * verified before the handler runs, which gets its request unread. Default: `ignore`.
   */
  readonly body?: 'required' | 'optional' | 'ignore' | undefined
  /**
   * The longest body that is verified, in bytes; a longer one is answered 413 before more of it is
   * held. Bodies that nothing binds are *not* limited. Default: 1,048,576.
   */
  readonly maxBodyBytes?: number | undefined
  /**
   * Judges the `ext` parameter, `null` where there is none; `false` refuses the request. With `body`,
   * it is given the application's own part: what stands behind the digest. Whether a request needs an
   * `ext` is to be decided by `target`, not by `request.url`, which writes one path in several ways;
   * a request whose path is ambiguous is answered 401.
   */
  readonly ext?:
    | ((ext: string | null, request: Request, target: VerifiedTarget) => boolean | Promise<boolean>)
    | undefined
  /** Is told of every request that was let in by its credentials. For logs: it changes nothing. */
  readonly onAccept?: ((identity: MacIdentity, request: Request) => void) | undefined
  /**
   * Is told why credentials were refused, more precisely than the client is. For logs: it changes
   * nothing. The report bears the reference that the client was given, and explains the refusal when
   * it is asked to. Default: failures of the store go to `console.error`; in development, which is where
   * `NODE_ENV` is neither `production` nor `test`, so does a line for each rejected request.
   */
  readonly onReject?: ((error: MacError, request: Request, report: MacReport) => void) | undefined
  /**
   * Adds to the body of a 401 what {@link MacReport.explain} says, for a request that names a
   * credential which there is: so strangers learn which there are, what origin the server takes itself
   * to have, and how to keep it computing. The key and the MAC that is expected are never told. For
   * development: a TypeError where `NODE_ENV` is `production`. Default: `false`.
   */
  readonly debug?: boolean | undefined
  /** Lets `debug` be `true` where `NODE_ENV` is `production`. Default: `false`. */
  readonly debugEvenInProduction?: boolean | undefined
}

/** The options of `createMac`. */
export interface MacOptions extends CheckOptions {
  /**
   * Where credentials and nonces live: `sqlite:path`, `sqlite::memory:`, or a Kysely of your own on
   * SQLite (the tables are created in it, their names start with `mac_`; its durability is yours, and
   * withmac must not be called within a transaction of it, nor one be opened past it). Default:
   * `MAC_DATABASE_URL`, else `sqlite:mac.db` in the working directory.
   */
  // biome-ignore lint/suspicious/noExplicitAny: a Kysely of any database type must be assignable
  readonly database?: string | Kysely<any> | undefined
  /** How far a timestamp may lie from the server's clock, to either side: 1 to 86,400. Default: 300. */
  readonly windowSeconds?: number | undefined
  /**
   * How many nonces this `Mac` keeps in memory, at most 20 bytes each: 1,000 to 1,073,741,824. Beyond it
   * the oldest 32 seconds of them are given up, and requests with timestamps of that time are rejected. So
   * a flood by a client with a valid key ends in rejections, not in a replay. Give the same to all
   * processes on one database: each rejects by its own. Default: 33,554,432.
   */
  readonly maxNoncesInMemory?: number | undefined
  /**
   * Learns the difference between a client's clock and the server's from the first request of a
   * credential (draft §4.1), up to `maxSeconds`. Default: `false`.
   */
  readonly clockOffset?: false | { readonly maxSeconds: number } | undefined
  /**
   * What MAC keys are sealed by in the database (AES-256-GCM), so that who gets hold of the file has no
   * key that works; or a function that gives it, for a secret manager or a KMS. The function is asked
   * when the database is opened, and must answer within 10 seconds. Where it failed it is asked again at
   * the next use, once a second at the most; in between, the failure stands. `null`: no sealing key,
   * whatever the environment says; a database with sealed keys is then refused. Keys that are there
   * already are sealed by {@link Mac.reseal}. Default: `MAC_SEALING_KEY`, else none, and keys are written
   * as they are.
   */
  readonly sealingKey?: SealingKeys | (() => SealingKeys | Promise<SealingKeys>) | null | undefined
  /**
   * Limits what is answered 429 beyond it; `requests` in `seconds` are taken, from the first one on, and
   * counted by the system's clock. Default: nothing is limited but credentials with a `rateLimit` of
   * their own.
   */
  readonly rateLimit?: RateLimitOptions | undefined
  /** The server's clock, in seconds since 1970. For tests and simulations. */
  readonly now?: (() => number) | undefined
}

/** The option `rateLimit`. */
export interface RateLimitOptions {
  /**
   * How many requests of one client's address may be refused (401, but for those without credentials).
   * Beyond that, all that comes from there is answered 429 without a look-up, but for requests that
   * are signed well, and anew, with a credential that this process knows: see `clientAddress`. Such a
   * credential must wait as well at an address from which as many wrong MACs came in its name within the
   * window, unless it has signed from there within the last hour. Without it, nothing limits how many keys
   * are tried.
   */
  readonly failures?: RateLimit | null | undefined
  /**
   * How many requests of one credential are taken; one may have a `rateLimit` of its own instead. Only
   * what is verified is counted, so that nobody else can use it up.
   */
  readonly requests?: RateLimit | null | undefined
  /**
   * Where it is counted. `memory`: in this process. A URL that starts with `redis:` or `rediss:` (the
   * package redis must be installed), `postgres:` or `postgresql:` (pg), or a client of yours, of redis,
   * ioredis or pg: by all processes together. Where that store fails, each counts by itself meanwhile.
   * Default: `memory`.
   */
  readonly store?: RateLimitStore | undefined
}

/** The options of `withMac`. */
// biome-ignore lint/suspicious/noExplicitAny: any handler's first argument will do
export interface WithMacOptions<First = any> extends CheckOptions {
  /**
   * `required`: a request without good credentials is answered 401. `optional`: it reaches the
   * handler as an anonymous one. Default: `required`.
   */
  readonly mode?: 'required' | 'optional' | undefined
  /**
   * Lets CORS preflights through unsigned: `OPTIONS` with `Access-Control-Request-Method`, which
   * browsers send without credentials. Default: `false`.
   */
  readonly allowPreflight?: boolean | undefined
  /**
   * What the credential must be good for: a scope, several of which each is needed, or a function
   * that gives them (`null` for none; an empty list is answered 503, as a mistake), also as a
   * promise. It is asked when the request was verified and its nonce used up; a credential that lacks one
   * is answered 403. Not with the mode `optional`, whose callers need no credential at all.
   * Default: nothing is demanded.
   *
   * A function looks at `target`, not at `request.url`: routers decode and normalize that differently.
   * With a function, a request whose path is ambiguous is answered 401: see {@link VerifiedTarget}.
   *
   * @example
   * withMac(app, { scope: (_, { method }) => (method === 'GET' ? 'orders:read' : 'orders:write') })
   */
  readonly scope?: ScopeOption | undefined
  /**
   * Where the request target stands as it came over the wire, for servers that show handlers a
   * normalized `request.url` only: a function of the handler's own arguments. Where it gives
   * `undefined`, and by default, the target is cut out of `request.url`.
   *
   * It may give the target alone, or the request of node:http that holds it. Of that the host is
   * looked at as well: a request that names none is refused, for which servers make one up, and so is
   * one whose `Host` and `:authority` differ, unless `origin` or `trustProxy` tells the host.
   *
   * @example
   * // @hono/node-server
   * withMac(app, { requestTarget: (_request, env) => env.incoming })
   */
  readonly requestTarget?: RequestTarget<First> | undefined
  readonly clientAddress?: ClientAddress<First> | undefined
}

// biome-ignore lint/suspicious/noExplicitAny: a handler need not declare what its server adds
type RequestTarget<First> = (first: First, ...rest: any[]) => string | NodeRequest | undefined

// biome-ignore lint/suspicious/noExplicitAny: as above
type ClientAddress<First> = (first: First, ...rest: any[]) => string | undefined
