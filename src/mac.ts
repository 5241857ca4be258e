import { type CreateOptions, createCredential } from './credentials/create.ts'
import type { Credential, KeptCredential, NewCredential } from './credentials/credential.ts'
import type { User } from './credentials/input.ts'
import * as manage from './credentials/manage.ts'
import type { MacOptions, WithMacOptions } from './options.ts'
import { currentSeconds } from './server/clock.ts'
import { keepSeconds } from './server/freshness.ts'
import { KnownCredentials } from './server/known-credentials.ts'
import { Pruning } from './server/pruning.ts'
import { reporter } from './server/report.ts'
import type { MacVerdict } from './server/verdict.ts'
import { type Verifier, verify } from './server/verify.ts'
import { type FirstArgument, type Handler, requestOf, wrap } from './server/with-mac.ts'
import { macSettings, withMacSettings } from './settings.ts'
import { openStore } from './store/open.ts'
import { OpenOnce } from './store/open-once.ts'

/** One database, one set of options, and all that can be done with them. */
export interface Mac {
  /**
   * Puts a verification in front of a handler: a function of a `Request`, a function of an object
   * with a `request` (SvelteKit, Astro, React Router), or an object with `fetch` (Hono, Elysia).
   *
   * It checks the MAC over method, target, host, port, timestamp, nonce and `ext`, that the
   * credential is valid, the timestamp recent, and the nonce new. It does *not* check the body and
   * other header fields, which the draft leaves uncovered, nor what the user may do.
   *
   * @throws TypeError where an option or the handler is wrong: now, not when a request comes.
   */
  withMac<First extends FirstArgument = Request, Rest extends unknown[] = unknown[]>(
    handler: Handler<First, Rest>,
    options?: WithMacOptions<NoInfer<First>>,
  ): (first: First, ...rest: Rest) => Promise<Response>
  /**
   * Verifies a request and uses up its nonce, without a handler and without an answer. Never rejects
   * for what is wrong with the request or the store: the verdict says it.
   * @throws TypeError where there is no request.
   */
  verify(request: Request): Promise<MacVerdict>
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
   * Removes a credential.
   * @throws {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`
   */
  deleteCredential(id: string): Promise<void>
  /**
   * Forgets what was learned of a client's clock: its next request teaches it anew.
   * @throws {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`
   */
  resetClockOffset(id: string): Promise<void>
  /** Removes the nonces that no longer matter, and tells how many. Requests do so as well. */
  prune(): Promise<number>
  /** Opens the database now rather than with the first request; rejects where it cannot be used. */
  ready(): Promise<void>
  /**
   * Closes the database. A Kysely of your own stays open. Stop the server first: requests that are
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

/**
 * Makes a `Mac`. The database is opened when it is first needed.
 *
 * @throws TypeError that names each option that is wrong.
 *
 * @example
 * const mac = createMac({ database: 'sqlite:/var/lib/app/mac.db', origin: 'https://api.example.com' })
 * Bun.serve({ fetch: mac.withMac(app) })
 */
export function createMac(options: MacOptions = {}): Mac {
  const settings = macSettings(options)
  const pruning = new Pruning(keepSeconds(settings))
  const opening = new OpenOnce(() => openStore(settings.database, settings.durability))
  const store = () => opening.store ?? opening.get()
  const verifier: Verifier = { settings, pruning, known: new KnownCredentials(), store }
  const now = () => currentSeconds(settings.now)
  const credentials = async () => (await store()).credentials
  return Object.freeze<Mac>({
    withMac(handler, withOptions = {}) {
      const own = withMacSettings(withOptions, settings)
      return wrap(
        handler,
        own,
        (request, rawTarget) => verify(request, own, verifier, rawTarget),
        reporter(own, verifier),
      )
    },
    verify: async (request) => verify(requestOf(request), settings, verifier),
    createCredential: (async (user: User, createOptions: CreateOptions = {}) =>
      createCredential(await credentials(), now(), user, createOptions)) as CreateCredential,
    getCredential: async (id) => manage.getCredential(await credentials(), id),
    listCredentials: async (filter) => manage.listCredentials(await credentials(), filter),
    revokeCredential: async (id) => manage.revokeCredential(await credentials(), now(), id),
    deleteCredential: async (id) => manage.deleteCredential(await credentials(), id),
    resetClockOffset: async (id) => manage.resetClockOffset(await credentials(), id),
    prune: async () => pruning.all((await store()).nonces, now()),
    ready: async () => {
      await store()
    },
    close: () => opening.close(),
  })
}
