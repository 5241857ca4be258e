import { z } from 'zod'
import { errorPrinter } from '../callback.ts'
import type { MacError } from '../errors.ts'
import { functionOption } from '../options.ts'
import { optionsOf, readOptions } from '../read-options.ts'

/** Says who sent a request: a name for the audit, or `null` for somebody who may not see the pages. */
export type Authorize = (
  request: Request,
) => string | null | undefined | Promise<string | null | undefined>

/** The options of `createAdmin`. */
export interface AdminOptions {
  /**
   * Returns who is acting, as the audit names them, such as an address of a session: 1 to 256 characters. Or
   * `null` or `undefined` for everybody else: they get a 403 without anything of the page. It is called for
   * every request. If it throws, returns something else, or does not answer within 30 seconds, the answer is
   * 503. It must not read the body of the request.
   */
  readonly authorize: Authorize
  /**
   * The path under which the handler is mounted, as the browser sees it, without a slash at its end: links
   * and forms begin with it. `/` for the root of a host. Default: `/admin`.
   */
  readonly basePath?: string | undefined
  /**
   * Called if a page failed: the store, or `authorize` (`ERR_MAC_CALLBACK`). It cannot change the answer.
   * Default: `console.error`.
   */
  readonly onError?: ((error: MacError, request: Request) => void) | undefined
}

/** The checked options with their defaults. */
export interface AdminSettings {
  readonly authorize: Authorize
  /** Empty for the root. */
  readonly basePath: string
  readonly onError: (error: MacError, request: Request) => void
}

/** Segments of unreserved characters (RFC 3986 §2.3), none of which is `.` or `..`. */
const BASE_PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+)+$/

const schema = optionsOf({
  authorize: z.custom<Authorize>((value) => typeof value === 'function', 'must be a function'),
  basePath: z
    .string()
    .refine(
      (path) => path === '/' || BASE_PATH.test(path),
      'must be a path such as "/admin", without a slash at its end, or "/"',
    )
    .default('/admin'),
  onError: functionOption<NonNullable<AdminOptions['onError']>>(),
})

/**
 * Checks the options of `createAdmin`.
 * @throws TypeError that names each option that is wrong.
 */
export function adminSettings(options: AdminOptions): AdminSettings {
  const { basePath } = readOptions(schema, options, 'createAdmin')
  const { authorize, onError = errorPrinter('the admin page') } = options
  return Object.freeze({ authorize, basePath: basePath === '/' ? '' : basePath, onError })
}
