import type { CredentialChanges, CredentialEvent, HistoryFilter } from './credentials/change.ts'
import type { CreateOptions } from './credentials/create.ts'
import type { Credential, KeptCredential, NewCredential } from './credentials/credential.ts'
import type { RotateOptions } from './credentials/rotate.ts'
import type { User } from './credentials/validate.ts'
import type { WithMacOptions } from './options.ts'
import type { FirstArgument } from './server/request-of.ts'
import type { RouteEntries, RouteRequest, Routes } from './server/routes.ts'
import type { Handler } from './server/with-mac.ts'
import type { MacVerdict, Resealed, ResealOptions } from './types.ts'

/** One database, one set of options, and all that can be done with them. */
export interface Mac {
  /**
   * Puts a verification in front of a handler: a function of a `Request`, a function of an object
   * with a `request` (SvelteKit, Astro, React Router), or an object with `fetch` (Hono, Elysia).
   *
   * It checks the MAC over method, target, host, port, timestamp, nonce and `ext`, that the
   * credential is valid, the timestamp recent, and the nonce new. It does *not* check the body and
   * other header fields, which the draft leaves uncovered, nor, but for the option `scope`, what the
   * user may do. Under Bun's `routes` it does not see what `*` stood for: see {@link Mac.routes}.
   *
   * @throws TypeError where an option or the handler is wrong: now, not when a request comes.
   */
  withMac<First extends FirstArgument = Request, Rest extends unknown[] = unknown[]>(
    handler: Handler<First, Rest>,
    options?: WithMacOptions<NoInfer<First>>,
  ): (first: First, ...rest: Rest) => Promise<Response>
  /**
   * Puts a verification in front of each handler of a table for Bun's `routes`, as `withMac` does.
   * Bun chooses the handler by the path as it was sent, while the MAC is checked over `request.url`, which
   * is normalized: here a request is answered 401 (`ERR_MAC_TARGET`) unless the verified method and path
   * are those of the very pattern whose handler Bun chose, and `params` what they give; an unsigned one too.
   *
   * A handler that `withMac` returned keeps its own options. Give all patterns that overlap in one table.
   * `false` stands for a path that is served elsewhere: by `fetch`, or by an entry of the same name
   * beside. A `Response`, a file, a page or a directory is refused: Bun sends it without asking anybody.
   *
   * @param options For every handler that has none of its own.
   * @throws TypeError where an option, a pattern or an entry is wrong.
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
   * Verifies a request and uses up its nonce, without a handler and without an answer. Never rejects
   * for what is wrong with the request or the store: the verdict says it.
   *
   * @param options `clientAddress`, for `rateLimit.failures`: the address that the request came from.
   *   Without it, the option `clientAddress` of `createMac` or `trustProxy` tells it.
   * @throws TypeError where there is no request, or an option is wrong.
   */
  verify(
    request: Request,
    options?: { readonly clientAddress?: string | undefined },
  ): Promise<MacVerdict>
  /**
   * Makes a credential; by default with a random identifier and key, for `hmac-sha-256` and a day.
   * @throws TypeError for wrong input; {@link MacError} `ERR_MAC_CREDENTIAL_EXISTS`.
   */
  createCredential: CreateCredential
  /** The credential with this key identifier, without its key, or `null`. */
  getCredential(id: string): Promise<Credential | null>
  /** All credentials, or one user's, oldest first, without their keys. */
  listCredentials(filter?: { readonly user?: User | undefined }): Promise<Credential[]>
  /**
   * Makes a credential worthless from its next request on. It stays in the list.
   * @throws {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`
   */
  revokeCredential(id: string): Promise<void>
  /**
   * Gives a credential a new key under the same identifier; the one of today stays valid until its
   * grace has ended, by default for a day. `identity.keyNumber` tells which of them signed a request,
   * and `oldKey.lastUsed` whether the old one is still in use.
   *
   * @returns The credential with its new key, shown this once.
   * @throws TypeError for wrong input; {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`, `_ENDED` where it
   *   was revoked or has expired, `_ROTATED` where an earlier key is still in its grace.
   *
   * @example
   * const { key } = await mac.rotateCredential(id, { graceSeconds: 3600 })
   */
  rotateCredential(id: string, options?: RotateOptions): Promise<NewCredential>
  /**
   * Moves the end of a credential, also of one that has expired.
   * @param expires A `Date`, seconds since 1970, or `null` for never.
   * @throws TypeError for a moment that is over; {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`, `_ENDED`
   *   where it was revoked.
   */
  extendCredential(id: string, expires: Date | number | null): Promise<Credential>
  /**
   * Takes a credential out of use from its next request on. To its user it looks like a wrong MAC.
   * @throws {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`, `_ENDED` where it was revoked.
   */
  disableCredential(id: string): Promise<Credential>
  /**
   * Takes a credential into use again.
   * @throws {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`, `_ENDED` where it was revoked.
   */
  enableCredential(id: string): Promise<Credential>
  /**
   * Changes label, scopes or rate limit; what is left out stays as it is.
   * @throws TypeError for wrong input; {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`
   */
  updateCredential(id: string, changes: CredentialChanges): Promise<Credential>
  /**
   * What was done to credentials, the latest first, also to those that were deleted since.
   * @throws TypeError for a wrong filter.
   */
  credentialHistory(filter?: HistoryFilter): Promise<CredentialEvent[]>
  /**
   * Removes a credential. A row of the history stays.
   * @throws {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`
   */
  deleteCredential(id: string): Promise<void>
  /**
   * Forgets what was learned of a client's clock: its next request teaches it anew.
   * @throws {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`
   */
  resetClockOffset(id: string): Promise<void>
  /**
   * Brings all keys under the current sealing key, the first of the option `sealingKey`: those that are
   * not sealed yet, and those that another one sealed, also old keys in their grace. Requests go on
   * meanwhile. What has been done stays done: if it was killed, begin again, ten seconds later. Whether keys
   * that are under it already can be opened is not looked at: `withmac doctor` does that.
   *
   * @throws TypeError if there is no sealing key. {@link MacError} `ERR_MAC_SEALED` if another `reseal` is
   *   at work on the database, or servers still seal by another sealing key.
   *
   * @example
   * const { resealed, unopened, logEmptied } = await mac.reseal()
   */
  reseal(options?: ResealOptions): Promise<Resealed>
  /**
   * Removes the nonces that no longer matter, and tells how many; besides, old keys whose grace has
   * ended, and credentials made with `removeWhenExpired` a day after that. Requests do so as well.
   */
  prune(): Promise<number>
  /**
   * Opens the database now rather than with the first request, and the store of `rateLimit`, so that a
   * server need not begin to serve where the database cannot be used, or a package is missing.
   * @throws {@link MacError} `ERR_MAC_STORE`; `ERR_MAC_SEALED` where keys were sealed by sealing keys that
   *   were not given; `ERR_MAC_CALLBACK` where the function `sealingKey` gave none in time. TypeError where a
   *   package must be installed for the store of `rateLimit`.
   */
  ready(): Promise<void>
  /**
   * Closes the database, and what was opened for `rateLimit`. A Kysely and a client of your own stay
   * open. Stop the server first: requests that are
   * still on their way are answered 503.
   */
  close(): Promise<void>
}

/** Makes a credential: see {@link Mac.createCredential}. */
export interface CreateCredential {
  (
    user: User,
    options?: CreateOptions & { readonly ifExists?: 'error' | undefined },
  ): Promise<NewCredential>
  (user: User, options?: CreateOptions): Promise<NewCredential | KeptCredential>
}
