/** What Deno asks the person at its terminal for, or throws, if it was not permitted. */
type Permission =
  | { readonly name: 'env'; readonly variable: string }
  | { readonly name: 'read' | 'write'; readonly path: string }

/** Whether something may be done without asking: on Deno if it was permitted, elsewhere always. */
export function isPermitted(permission: Permission): boolean {
  const { Deno } = globalThis as { Deno?: DenoPermissions }
  return Deno === undefined || Deno.permissions.querySync(permission).state === 'granted'
}

/** Whether a variable of the environment can be read. */
export function isReadable(variable: string): boolean {
  return isPermitted({ name: 'env', variable })
}

/**
 * Whether this is development: `NODE_ENV` is neither `production` nor `test`, or is not set. `false` if
 * it cannot be read.
 */
export function inDevelopment(): boolean {
  try {
    if (!isReadable('NODE_ENV')) return false
    // Not process.env.NODE_ENV: bundlers put in its place what holds where they run.
    const { NODE_ENV = '' } = process.env
    return !['production', 'test'].includes(NODE_ENV.trim().toLowerCase())
  } catch {
    return false
  }
}

interface DenoPermissions {
  readonly permissions: {
    querySync(permission: Permission): { readonly state: string }
  }
}
