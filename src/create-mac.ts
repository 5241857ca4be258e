import * as change from './credentials/change.ts'
import { type CreateOptions, createCredential } from './credentials/create.ts'
import { rotateCredential } from './credentials/rotate.ts'
import type { User } from './credentials/validate.ts'
import { verdictTeller } from './diagnostics/tell-verdicts.ts'
import { tellRotated } from './diagnostics/tell-work.ts'
import { keepParts } from './kept-parts.ts'
import { clientOf, givenClient } from './limits/client-address.ts'
import { Limits } from './limits/limits.ts'
import type { CreateCredential, Mac } from './mac.ts'
import type { MacOptions } from './options.ts'
import { currentSeconds, exactSeconds } from './server/clock.ts'
import { CredentialCache } from './server/credential-cache.ts'
import { keepSeconds } from './server/freshness.ts'
import { Pruning } from './server/pruning.ts'
import type { RawTarget } from './server/raw-target.ts'
import { reporter } from './server/report.ts'
import { type FirstArgument, requestOf } from './server/request-of.ts'
import type { RouteCheck } from './server/routed.ts'
import {
  guardRoutes,
  keepWrapped,
  type RouteEntries,
  type Routes,
  wrappedBy,
} from './server/routes.ts'
import { type Verifier, verify } from './server/verify.ts'
import { type Handler, wrap } from './server/with-mac.ts'
import { macSettings, type WithMacSettings, withMacSettings } from './settings.ts'
import { databaseLabel } from './store/database-url.ts'
import { OpenOnce, openStore } from './store/open.ts'

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
  return makeMac(options, 'createMac')
}

/**
 * The same for another function that makes a `Mac`.
 * @param who Who is named where an option is wrong.
 */
export function makeMac(options: MacOptions, who: string): Mac {
  const settings = macSettings(options, who)
  const pruning = new Pruning(keepSeconds(settings))
  const opening = new OpenOnce(async (closed) =>
    openStore(settings.database, await settings.sealer(closed), settings.maxNoncesInMemory),
  )
  const store = () => opening.store ?? opening.get()
  const limits = new Limits(settings.rateLimit)
  const verifier: Verifier = {
    ...{ settings, pruning, cache: new CredentialCache(), limits },
    store: () => opening.store ?? opening.getForRequest(),
  }
  const limited = new WeakSet<Response>()
  const label = databaseLabel(settings.database)
  const teller = verdictTeller(label)
  const now = () => currentSeconds(settings.now)
  const credentials = async () => (await store()).credentials
  function put<First extends FirstArgument, Rest extends unknown[]>(
    handler: Handler<First, Rest>,
    own: WithMacSettings,
    route: RouteCheck | null,
  ): (first: First, ...rest: Rest) => Promise<Response> {
    const check = (
      request: Request,
      rawTarget: RawTarget | null,
      first: First,
      rest: Rest,
      routed: RouteCheck | null,
    ) => {
      const client = limits.failures && clientOf(request, first, rest, own)
      return verify(request, own, verifier, rawTarget, client, routed)
    }
    return wrap(handler, own, check, reporter(own, verifier), teller, limited, route)
  }
  const mac = Object.freeze<Mac>({
    withMac(handler, withOptions = {}) {
      const own = withMacSettings(withOptions, settings, 'withMac')
      return keepWrapped(put(handler, own, null), (route) => put(handler, own, route))
    },
    routes<Path extends string>(table: RouteEntries<Path>, withOptions = {}) {
      const own = withMacSettings(withOptions, settings, 'routes')
      const guarded = guardRoutes(table, (handler, route) => {
        const withOwnOptions = wrappedBy(handler)
        return withOwnOptions === null ? put(handler, own, route) : withOwnOptions(route)
      })
      return guarded as Routes<Path>
    },
    verify: async (given, verifyOptions) => {
      const begun = teller.begin()
      const request = requestOf(given)
      const client = givenClient(verifyOptions) ?? clientOf(request, given, [], settings)
      const verdict = await verify(request, settings, verifier, null, client)
      teller.end(verdict, begun)
      return verdict
    },
    createCredential: (async (user: User, createOptions: CreateOptions = {}) =>
      createCredential(credentials, now(), user, createOptions)) as CreateCredential,
    getCredential: async (id) => change.getCredential(credentials, now(), id),
    listCredentials: async (filter) => change.listCredentials(credentials, now(), filter),
    rotateCredential: async (id, rotateOptions = {}) => {
      const exactly = exactSeconds(settings.now)
      const rotated = await rotateCredential(credentials, exactly, id, rotateOptions)
      tellRotated(label, rotated)
      return rotated
    },
    extendCredential: async (id, expires) =>
      change.extendCredential(credentials, now(), id, expires),
    disableCredential: async (id) => change.disableCredential(credentials, now(), id),
    enableCredential: async (id) => change.enableCredential(credentials, now(), id),
    updateCredential: async (id, changes) =>
      change.updateCredential(credentials, now(), id, changes),
    revokeCredential: async (id) => change.revokeCredential(credentials, now(), id),
    deleteCredential: async (id) => change.deleteCredential(credentials, now(), id),
    credentialHistory: async (filter) => change.credentialHistory(credentials, filter),
    resetClockOffset: async (id) => change.resetClockOffset(credentials, id),
    reseal: async (resealOptions = {}) =>
      change.resealCredentials(async () => store(), resealOptions),
    prune: async () => pruning.all(await store(), now()),
    ready: async () => {
      await Promise.all([store(), limits.ready()])
    },
    close: async () => {
      await Promise.all([opening.close(), limits.close()])
    },
  })
  keepParts(mac, { settings, limits })
  return mac
}
