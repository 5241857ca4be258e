import { currentSeconds, exactSeconds } from './callback.ts'
import * as change from './credentials/change.ts'
import { type CreateOptions, createCredential as create } from './credentials/create.ts'
import { rotateCredential as rotate } from './credentials/rotate.ts'
import type { User } from './credentials/validate.ts'
import { publishRotated, verdictPublisher } from './diagnostics.ts'
import { Limits } from './limits/limits.ts'
import type { CreateCredential, CredentialMethods, Mac, Verify } from './mac.ts'
import { type MacOptions, type MacSettings, macSettings, withMacSettings } from './options.ts'
import { Cleanup } from './server/cleanup.ts'
import { CredentialCache } from './server/credential-cache.ts'
import { nameThisCopy } from './server/identity.ts'
import { refuseCallByFramework } from './server/misuse.ts'
import { RecentRejections } from './server/recent-rejections.ts'
import {
  guardRoutes,
  keepWrapped,
  type RouteEntries,
  type Routes,
  wrappedBy,
} from './server/routes.ts'
import { keepSeconds } from './server/validity.ts'
import type { Verifier } from './server/verify.ts'
import { createVerify, wrap } from './server/with-mac.ts'
import { databaseLabel, isSqlite } from './store/database-url.ts'
import { OpenOnce, openStore } from './store/open.ts'
import type { StoreSettings } from './store/store-settings.ts'
import type { OpenCredentials, Store } from './store/types.ts'
import { TrafficCounters } from './store/usage/traffic-counters.ts'
import type { MacVerdict } from './types.ts'

/**
 * Returns a `Mac`. The database is opened when it is first needed.
 *
 * @throws TypeError that names each option that is wrong.
 *
 * @example
 * const mac = createMac({ database: 'sqlite:/var/lib/app/mac.db', origin: 'https://api.example.com' })
 * Bun.serve({ fetch: mac.withMac(app) })
 */
export function createMac(options: MacOptions = {}): Mac {
  return makeMac(options, 'createMac')
}

/**
 * Makes a `Mac` for another function than `createMac`.
 * @param who The function that an error names.
 * @param own How its store is opened, besides the options.
 */
export function makeMac(
  options: MacOptions,
  who: string,
  own: Pick<Partial<StoreSettings>, 'onlyCredentials'> = {},
): Mac {
  const settings = macSettings(options, who)
  nameThisCopy()
  const label = databaseLabel(settings.database)
  const traffic = new TrafficCounters()
  const isRemote = settings.nonces !== null || !isSqlite(settings.database)
  const opening = new OpenOnce(async (closed) =>
    openStore(settings.database, {
      sealer: await settings.sealer(closed),
      nonces: settings.nonces,
      mostNonces: settings.maxNoncesInMemory,
      traffic,
      keepSeconds: keepSeconds(settings),
      timeoutSeconds: settings.storeTimeoutSeconds,
      connections: settings.connections,
      preparedStatements: settings.preparedStatements,
      ...own,
    }),
  )
  const store = () => opening.store ?? opening.get()
  const credentials = async () => (await store()).credentials
  const actingAs = (actor: string) =>
    credentialMethods(async () => (await credentials()).as(actor), settings.now, label)
  const now = () => currentSeconds(settings.now)
  const limits = new Limits(settings.rateLimit)
  const cleanup = new Cleanup(keepSeconds(settings))
  const verifier: Verifier = {
    settings,
    cleanup,
    cache: new CredentialCache(),
    limits,
    publisher: verdictPublisher(label),
    traffic,
    rejections: new RecentRejections(),
    store: (deadline) => opening.store ?? opening.getForRequest(deadline),
    deadline: () =>
      isRemote ? performance.now() + 1000 * settings.storeTimeoutSeconds : undefined,
  }
  const mac = Object.freeze<Mac>({
    withMac(handler, withOptions = {}) {
      refuseCallByFramework(handler)
      const own = withMacSettings(withOptions, settings, 'withMac')
      const wrapped = wrap(handler, own, verifier, null)
      // The compiler cannot see that the declared arguments are among those that are passed on.
      return keepWrapped(wrapped, (route) => wrap(handler, own, verifier, route)) as never
    },
    routes<Path extends string>(table: RouteEntries<Path>, withOptions = {}) {
      const own = withMacSettings(withOptions, settings, 'routes')
      const guarded = guardRoutes(table, (handler, route) => {
        const withOwnOptions = wrappedBy(handler)
        return withOwnOptions === null ? wrap(handler, own, verifier, route) : withOwnOptions(route)
      })
      return guarded as Routes<Path>
    },
    verify: createVerify(verifier) as Verify,
    ...credentialMethods(credentials, settings.now, label),
    getCredential: async (id) => change.getCredential(credentials, now(), id),
    listCredentials: async (filter) => change.listCredentials(credentials, now(), filter),
    credentialHistory: async (filter) => change.credentialHistory(credentials, filter),
    reseal: async (resealOptions = {}) =>
      change.resealCredentials(async () => store(), resealOptions),
    prune: async () => cleanup.all(await store(), now()),
    ready: async () => {
      await Promise.all([store(), limits.ready()])
    },
    close: async () => {
      await Promise.all([opening.close(), limits.close()])
    },
  })
  parts.set(mac, { settings, limits, store, now, rejections: verifier.rejections, actingAs })
  return mac
}

/**
 * Returns the methods that change credentials.
 *
 * @param open Opens the store whose credentials they change.
 * @param clock The function of the option `now`.
 * @param label The database's name in messages.
 */
function credentialMethods(
  open: OpenCredentials,
  clock: () => number,
  label: string,
): CredentialMethods {
  const now = () => currentSeconds(clock)
  return {
    createCredential: (async (user: User, options: CreateOptions = {}) =>
      create(open, now(), user, options)) as CreateCredential,
    rotateCredential: async (id, options = {}, expectedKey) => {
      const rotated = await rotate(open, exactSeconds(clock), id, options, expectedKey)
      publishRotated(label, rotated)
      return rotated
    },
    extendCredential: async (id, expires) => change.extendCredential(open, now(), id, expires),
    disableCredential: async (id) => change.disableCredential(open, now(), id),
    enableCredential: async (id) => change.enableCredential(open, now(), id),
    updateCredential: async (id, changes) => change.updateCredential(open, now(), id, changes),
    revokeCredential: async (id) => change.revokeCredential(open, now(), id),
    deleteCredential: async (id) => change.deleteCredential(open, now(), id),
    resetClockOffset: async (id) => change.resetClockOffset(open, id),
  }
}

/** The parts of a `Mac` that a token endpoint or an admin page uses. */
export interface MacParts {
  readonly settings: MacSettings
  readonly limits: Limits
  /** Returns the store; a promise until it is open. */
  readonly store: () => Store | Promise<Store>
  /** Returns the server's clock, in whole seconds since 1970. */
  readonly now: () => number
  readonly rejections: RecentRejections
  /** Returns the methods that change credentials; their events in the history name this actor. */
  readonly actingAs: (actor: string) => CredentialMethods
}

const parts = new WeakMap<Mac, MacParts>()

/**
 * Returns what a `Mac` was made of.
 * @throws TypeError if it is not a `Mac`.
 */
export function partsOf(mac: Mac): MacParts {
  const found = parts.get(mac)
  if (found !== undefined) return found
  throw new TypeError('withmac: expected the object that createMac returned, not a copy.')
}

let made: Mac | null = null

/** Returns the `Mac` behind the bare functions. It is made when the first of them is called. */
function defaultMac(): Mac {
  made ??= createMac()
  return made
}

/**
 * {@link Mac.withMac} of the default `Mac`, whose database is `MAC_DATABASE_URL`, or `sqlite:mac.db` in the
 * working directory.
 *
 * @example
 * const app = (request: Request) => new Response(`hello ${getMac(request)?.user}`)
 * Bun.serve({ fetch: withMac(app) })
 */
export const withMac: Mac['withMac'] = (handler, options) => defaultMac().withMac(handler, options)

/**
 * {@link Mac.routes} of the default `Mac`.
 *
 * @example
 * Bun.serve({ routes: routes({ '/files/:id': (request) => new Response(request.params.id) }) })
 */
export const routes: Mac['routes'] = (table, options) => defaultMac().routes(table, options)

/** {@link Mac.verify} of the default `Mac`. */
export const verify: Verify = (...given: Parameters<Verify>) =>
  // All arguments: Express gives its function `next` as the third.
  defaultMac().verify(...given) as Promise<MacVerdict>

/**
 * {@link Mac.createCredential} of the default `Mac`.
 *
 * @example
 * const { id, key } = await createCredential('ada')
 */
export const createCredential: CreateCredential = (async (user: User, options?: CreateOptions) =>
  defaultMac().createCredential(user, options)) as CreateCredential

/** {@link Mac.getCredential} of the default `Mac`. */
export const getCredential: Mac['getCredential'] = async (id) => defaultMac().getCredential(id)

/** {@link Mac.listCredentials} of the default `Mac`. */
export const listCredentials: Mac['listCredentials'] = async (filter) =>
  defaultMac().listCredentials(filter)

/** {@link Mac.rotateCredential} of the default `Mac`. */
export const rotateCredential: Mac['rotateCredential'] = async (id, options) =>
  defaultMac().rotateCredential(id, options)

/** {@link Mac.extendCredential} of the default `Mac`. */
export const extendCredential: Mac['extendCredential'] = async (id, expires) =>
  defaultMac().extendCredential(id, expires)

/** {@link Mac.disableCredential} of the default `Mac`. */
export const disableCredential: Mac['disableCredential'] = async (id) =>
  defaultMac().disableCredential(id)

/** {@link Mac.enableCredential} of the default `Mac`. */
export const enableCredential: Mac['enableCredential'] = async (id) =>
  defaultMac().enableCredential(id)

/** {@link Mac.updateCredential} of the default `Mac`. */
export const updateCredential: Mac['updateCredential'] = async (id, changes) =>
  defaultMac().updateCredential(id, changes)

/** {@link Mac.revokeCredential} of the default `Mac`. */
export const revokeCredential: Mac['revokeCredential'] = async (id) =>
  defaultMac().revokeCredential(id)

/** {@link Mac.deleteCredential} of the default `Mac`. */
export const deleteCredential: Mac['deleteCredential'] = async (id) =>
  defaultMac().deleteCredential(id)

/** {@link Mac.credentialHistory} of the default `Mac`. */
export const credentialHistory: Mac['credentialHistory'] = async (filter) =>
  defaultMac().credentialHistory(filter)

/** {@link Mac.resetClockOffset} of the default `Mac`. */
export const resetClockOffset: Mac['resetClockOffset'] = async (id) =>
  defaultMac().resetClockOffset(id)

/** {@link Mac.reseal} of the default `Mac`. */
export const reseal: Mac['reseal'] = async (options) => defaultMac().reseal(options)

/** {@link Mac.prune} of the default `Mac`. */
export const prune: Mac['prune'] = async () => defaultMac().prune()

/** {@link Mac.ready} of the default `Mac`. */
export const ready: Mac['ready'] = async () => defaultMac().ready()

/** {@link Mac.close} of the default `Mac`. */
export const close: Mac['close'] = async () => defaultMac().close()
