/** Whether a variable of the environment can be read. On Deno without the permission it asks the user, or throws. */
export function isReadable(variable: string): boolean {
  const { Deno } = globalThis as { Deno?: DenoPermissions }
  const state = Deno?.permissions.querySync({ name: 'env', variable }).state
  return state === undefined || state === 'granted'
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
    querySync(descriptor: { name: 'env'; variable: string }): { readonly state: string }
  }
}
