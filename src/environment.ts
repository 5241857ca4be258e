/** A permission of Deno. Without it, Deno asks the user at the terminal, or throws. */
type Permission =
  | { readonly name: 'env'; readonly variable: string }
  | { readonly name: 'read' | 'write'; readonly path: string }
  | { readonly name: 'sys'; readonly kind: 'uid' | 'gid' }

/** Whether a permission was granted, so that Deno does not ask the user. Always true on Bun and Node. */
export function isPermitted(permission: Permission): boolean {
  const { Deno } = globalThis as { Deno?: DenoPermissions }
  return Deno === undefined || Deno.permissions.querySync(permission).state === 'granted'
}

/** Whether an environment variable may be read. */
export function isReadable(variable: string): boolean {
  return isPermitted({ name: 'env', variable })
}

/**
 * Whether this is development: `NODE_ENV` is not set, or is neither `production` nor `test`. `false` if
 * `NODE_ENV` cannot be read.
 */
export function inDevelopment(): boolean {
  try {
    if (!isReadable('NODE_ENV')) return false
    // Not process.env.NODE_ENV: bundlers replace that by its value on the machine that builds.
    const { NODE_ENV = '' } = process.env
    return !['production', 'test'].includes(NODE_ENV.trim().toLowerCase())
  } catch {
    return false
  }
}

/**
 * Whether this is Cloudflare's Workers. There, an application has no files, a bundler cannot see packages that are
 * imported only if they are needed, and a connection that one request opened cannot be used by another.
 */
export function onWorkers(): boolean {
  const { navigator } = globalThis as { navigator?: { readonly userAgent?: unknown } }
  return navigator?.userAgent === 'Cloudflare-Workers'
}

interface DenoPermissions {
  readonly permissions: {
    querySync(permission: Permission): { readonly state: string }
  }
}
