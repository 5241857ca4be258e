import type { CredentialChanges, CredentialEvent, HistoryFilter } from './credentials/change.ts'
import type { CreateOptions } from './credentials/create.ts'
import type { Credential, KeptCredential, NewCredential } from './credentials/credential.ts'
import type { RotateOptions } from './credentials/rotate.ts'
import type { User } from './credentials/validate.ts'
import type { VerifyOptions, WithMacOptions } from './options.ts'
import type { FirstArgument, RequestSource } from './server/request-of.ts'
import type { RouteEntries, RouteRequest, Routes } from './server/routes.ts'
import type { Handler } from './server/with-mac.ts'
import type { MacIdentity, MacVerdict, Resealed, ResealOptions } from './types.ts'

/** Verifies requests and manages credentials, with one database and one set of options. */
export interface Mac {
  /**
   * Returns a handler that verifies each request before it calls yours. Yours is a function of a `Request`,
   * a function of an object with a `request` (SvelteKit, Astro, React Router), or an object with `fetch`
   * (Hono, Elysia).
   *
   * It checks the MAC over method, target, host, port, timestamp, nonce and `ext`, that the credential is
   * valid, that the timestamp is recent, and that the nonce is new. It does *not* check the body and other
   * header fields, which the draft leaves uncovered, nor what the user may do, except by the option `scope`.
   * Under Bun's `routes` it does not see which path `*` matched: see {@link Mac.routes}.
   *
   * @throws TypeError if an option or the handler is wrong: now, not when a request comes.
   */
  withMac<First extends FirstArgument = Request, Rest extends unknown[] = unknown[]>(
    handler: Handler<First, Rest>,
    options?: WithMacOptions<NoInfer<First>>,
  ): Wrapped<First, Rest>
  /**
   * Returns a table for Bun's `routes` whose handlers verify each request, as `withMac` does.
   *
   * Bun chooses the handler by the path as it was sent, but the MAC is checked over `request.url`, which is
   * normalized. So a request gets a 401 (`ERR_MAC_TARGET`) unless the verified method and path match the very
   * pattern that Bun chose, and `params` too. This holds for unsigned requests as well.
   *
   * A handler that `withMac` returned keeps its own options. Put all patterns that overlap into one table.
   * `false` stands for a path that is served elsewhere: by `fetch`, or by an entry of the same name next to
   * this table. A `Response`, a file, a page or a directory is an error: Bun sends it without calling anybody.
   *
   * @param options For every handler without options of its own.
   * @throws TypeError if an option, a pattern or an entry is wrong.
   *
   * @example
   * Bun.serve({
   *   routes: mac.routes({
   *     '/files/:id': (request) => new Response(request.params.id),
   *     '/orders': { GET: mac.withMac(list, { scope: 'orders:read' }) },
   *   }),
   * })
   */
  routes<Path extends string>(
    table: RouteEntries<Path>,
    options?: WithMacOptions<RouteRequest>,
  ): Routes<Path>
  /**
   * Verifies a request and records its nonce, for middleware: `withMac` without a handler. A rejected verdict has
   * the response that `withMac` would send. After an accepted one, `getMac(request)` works. `onAccept` and
   * `onReject` are called as by `withMac`. If the request is wrong or the store fails, the verdict says so; the
   * promise does not reject.
   *
   * @param request A `Request`, or what a framework wraps around it: see {@link RequestSource}.
   * @param options Those of `withMac`; `requestTarget`, `path` and `clientAddress` are values, not functions.
   * @throws TypeError if there is no request, or an option is wrong.
   *
   * @example
   * const verdict = await mac.verify(request)
   * if (!verdict.ok) return verdict.response()
   * console.log(verdict.identity.user)
   */
  verify: Verify
  /**
   * Creates a credential: by default with a random identifier and key, for `hmac-sha-256`, valid for a day.
   * @throws TypeError if an option is wrong; {@link MacError} `ERR_MAC_CREDENTIAL_EXISTS`.
   */
  createCredential: CreateCredential
  /** Returns the credential with this key identifier, without its key; `null` if there is none. */
  getCredential(id: string): Promise<Credential | null>
  /** Returns all credentials, or those of one user, the oldest first, without their keys. */
  listCredentials(filter?: { readonly user?: User | undefined }): Promise<Credential[]>
  /**
   * Revokes a credential for good: its next request is rejected. It stays in the list.
   * @throws {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`
   */
  revokeCredential(id: string): Promise<void>
  /**
   * Gives a credential a new key under the same identifier. The old key stays valid for a grace period, by
   * default a day. `identity.keyNumber` tells which key signed a request, and `oldKey.lastUsed` whether the
   * old one is still in use.
   *
   * @returns The credential with its new key, which is shown only this once.
   * @throws TypeError if an option is wrong; {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`, `_ENDED` if it is
   *   revoked or expired, `_ROTATED` if an earlier key is still in its grace period.
   *
   * @example
   * const { key } = await mac.rotateCredential(id, { graceSeconds: 3600 })
   */
  rotateCredential(id: string, options?: RotateOptions): Promise<NewCredential>
  /**
   * Changes when a credential expires. It may be expired already.
   * @param expires A `Date`, seconds since 1970, or `null` for never.
   * @throws TypeError if that is in the past; {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`, `_ENDED` if it
   *   is revoked.
   */
  extendCredential(id: string, expires: Date | number | null): Promise<Credential>
  /**
   * Disables a credential until it is enabled again: its next request is rejected, as if its MAC were wrong.
   * @throws {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`, `_ENDED` if it is revoked.
   */
  disableCredential(id: string): Promise<Credential>
  /**
   * Enables a disabled credential.
   * @throws {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`, `_ENDED` if it is revoked.
   */
  enableCredential(id: string): Promise<Credential>
  /**
   * Changes label, scopes or rate limit. What is left out stays as it is.
   * @throws TypeError if a change is wrong; {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`
   */
  updateCredential(id: string, changes: CredentialChanges): Promise<Credential>
  /**
   * Returns what was done to credentials, the latest first, also to those that are deleted.
   * @throws TypeError if the filter is wrong.
   */
  credentialHistory(filter?: HistoryFilter): Promise<CredentialEvent[]>
  /**
   * Deletes a credential. Its history stays.
   * @throws {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`
   */
  deleteCredential(id: string): Promise<void>
  /**
   * Forgets the clock offset of a credential. Its next request sets it anew.
   * @throws {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`
   */
  resetClockOffset(id: string): Promise<void>
  /**
   * Seals all keys by the current sealing key, the first of the option `sealingKey`: those that are not sealed
   * yet, and those that another sealing key sealed, old keys in their grace period among them. Requests are
   * served meanwhile. If it is interrupted, the keys it has done stay done: run it again after ten seconds.
   * It does *not* check that keys which are sealed by it already can be opened: `withmac doctor` does.
   *
   * @throws TypeError if there is no sealing key. {@link MacError} `ERR_MAC_SEALED` if another `reseal` is
   *   running on the database, or servers still seal by another sealing key.
   *
   * @example
   * const { resealed, unopened, logEmptied } = await mac.reseal()
   */
  reseal(options?: ResealOptions): Promise<Resealed>
  /**
   * Removes the nonces that no longer matter, and returns how many there were. It also removes old keys whose
   * grace period has ended, and credentials that were created with `removeWhenExpired`, a day after they
   * expired. Requests do all of this as well, step by step.
   */
  prune(): Promise<number>
  /**
   * Opens the database, and the store of `rateLimit`, now instead of with the first request. So a server that
   * cannot use them, or lacks a package, need not start.
   * @throws {@link MacError} `ERR_MAC_STORE`; `ERR_MAC_SEALED` if keys are sealed by a sealing key that is
   *   missing; `ERR_MAC_CALLBACK` if the function `sealingKey` fails. TypeError if a package must be installed
   *   for the store of `rateLimit`.
   */
  ready(): Promise<void>
  /**
   * Closes the database, and what was opened for `rateLimit`. Your own Kysely or client stays open. Stop the
   * server first: requests that are not finished yet get a 503.
   */
  close(): Promise<void>
}

/** The methods of a `Mac` that change credentials. */
export interface CredentialMethods
  extends Pick<
    Mac,
    | 'createCredential'
    | 'extendCredential'
    | 'disableCredential'
    | 'enableCredential'
    | 'updateCredential'
    | 'revokeCredential'
    | 'deleteCredential'
    | 'resetClockOffset'
  > {
  /** @param expectedKey The number of the key to replace: with another current key, it is an error. */
  rotateCredential(
    id: string,
    options?: RotateOptions,
    expectedKey?: number,
  ): Promise<NewCredential>
}

/**
 * A handler that `withMac` returned. It takes the arguments of yours, and passes them on. If yours declares only the
 * first one, it takes any others too, so that servers and frameworks may add theirs.
 */
export type Wrapped<First extends FirstArgument, Rest extends unknown[]> = (
  first: First,
  ...rest: Rest extends [] ? unknown[] : Rest
) => Promise<Response>

/** Verifies a request: see {@link Mac.verify}. */
export interface Verify {
  (
    request: RequestSource,
    options?: VerifyOptions & {
      readonly mode?: 'required' | undefined
      readonly allowPreflight?: false | undefined
    },
  ): Promise<MacVerdict>
  (request: RequestSource, options?: VerifyOptions): Promise<MacVerdict<MacIdentity | null>>
}

/** Creates a credential: see {@link Mac.createCredential}. */
export interface CreateCredential {
  (
    user: User,
    options?: CreateOptions & { readonly ifExists?: 'error' | undefined },
  ): Promise<NewCredential>
  (user: User, options?: CreateOptions): Promise<NewCredential | KeptCredential>
}
