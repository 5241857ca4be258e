import { onWorkers } from './environment.ts'

/**
 * Loads an optional package.
 *
 * @param needs What needs it, for the error message.
 * @throws TypeError that says what to install, if it is not installed.
 */
export async function optionalPackage<Module extends object>(
  name: string,
  needs: string,
): Promise<Module> {
  try {
    // Not a literal import: bundlers would fail if they do not find the package.
    const module: Module & { default?: Module } = await import(/* @vite-ignore */ name)
    return module.default ?? module
  } catch (cause) {
    if (onWorkers()) throw new TypeError(notBundled(name, needs), { cause })
    const code = (cause as { code?: unknown }).code
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw cause
    throw new TypeError(
      `withmac: ${needs} needs a package that is not installed: npm install ${name} (with Bun: bun add ` +
        `${name}; with Deno: deno add npm:${name})`,
      { cause },
    )
  }
}

function notBundled(name: string, needs: string): string {
  const instead = name === 'pg' ? 'a pool of pg or a Kysely instead of its URL' : 'a client of it'
  return (
    `withmac: ${needs} needs the package ${name}, which a bundle for Cloudflare Workers does not have: import ` +
    `it yourself, and give withmac ${instead}.`
  )
}
