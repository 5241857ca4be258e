import { createMac } from './create-mac.ts'
import type { CredentialChanges } from './credentials/change.ts'
import type { CreateOptions } from './credentials/create.ts'
import type { Credential, NewCredential } from './credentials/credential.ts'
import type { RotateOptions } from './credentials/rotate.ts'
import type { User } from './credentials/validate.ts'
import type { CreateCredential, Mac } from './mac.ts'
import type { WithMacOptions } from './options.ts'
import type { FirstArgument } from './server/request-of.ts'
import type { RouteEntries, RouteRequest, Routes } from './server/routes.ts'
import type { Handler } from './server/with-mac.ts'

let defaultMac: Mac | null = null

/** The one `Mac` behind the bare functions, made when the first of them is called. */
function mac(): Mac {
  defaultMac ??= createMac()
  return defaultMac
}

/**
 * {@link Mac.withMac} of the default `Mac`, whose database is `MAC_DATABASE_URL`, else
 * `sqlite:mac.db` in the working directory.
 *
 * @example
 * const app = (request: Request) => new Response(`hello ${getMac(request)?.user}`)
 * Bun.serve({ fetch: withMac(app) })
 */
export function withMac<First extends FirstArgument = Request, Rest extends unknown[] = unknown[]>(
  handler: Handler<First, Rest>,
  options?: WithMacOptions<NoInfer<First>>,
): (first: First, ...rest: Rest) => Promise<Response> {
  return mac().withMac(handler, options)
}

/**
 * {@link Mac.routes} of the default `Mac`.
 *
 * @example
 * Bun.serve({ routes: routes({ '/files/:id': (request) => new Response(request.params.id) }) })
 */
export function routes<Path extends string>(
  table: RouteEntries<Path>,
  options?: WithMacOptions<RouteRequest>,
): Routes<Path> {
  return mac().routes(table, options)
}

/**
 * {@link Mac.createCredential} of the default `Mac`.
 *
 * @example
 * const { id, key } = await createCredential('ada')
 */
export const createCredential: CreateCredential = (async (user: User, options?: CreateOptions) =>
  mac().createCredential(user, options)) as CreateCredential

/** {@link Mac.getCredential} of the default `Mac`. */
export async function getCredential(id: string): Promise<Credential | null> {
  return mac().getCredential(id)
}

/** {@link Mac.listCredentials} of the default `Mac`. */
export async function listCredentials(filter?: {
  readonly user?: User | undefined
}): Promise<Credential[]> {
  return mac().listCredentials(filter)
}

/** {@link Mac.revokeCredential} of the default `Mac`. */
export async function revokeCredential(id: string): Promise<void> {
  return mac().revokeCredential(id)
}

/** {@link Mac.deleteCredential} of the default `Mac`. */
export async function deleteCredential(id: string): Promise<void> {
  return mac().deleteCredential(id)
}

/** {@link Mac.rotateCredential} of the default `Mac`. */
export async function rotateCredential(
  id: string,
  options?: RotateOptions,
): Promise<NewCredential> {
  return mac().rotateCredential(id, options)
}

/** {@link Mac.extendCredential} of the default `Mac`. */
export async function extendCredential(
  id: string,
  expires: Date | number | null,
): Promise<Credential> {
  return mac().extendCredential(id, expires)
}

/** {@link Mac.disableCredential} of the default `Mac`. */
export async function disableCredential(id: string): Promise<Credential> {
  return mac().disableCredential(id)
}

/** {@link Mac.enableCredential} of the default `Mac`. */
export async function enableCredential(id: string): Promise<Credential> {
  return mac().enableCredential(id)
}

/** {@link Mac.updateCredential} of the default `Mac`. */
export async function updateCredential(
  id: string,
  changes: CredentialChanges,
): Promise<Credential> {
  return mac().updateCredential(id, changes)
}
