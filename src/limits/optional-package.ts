/**
 * A package that is needed for a store alone, and so no dependency.
 *
 * @throws TypeError that says what to install, where it is not there.
 */
export async function optionalPackage<Module extends object>(name: string): Promise<Module> {
  try {
    // Not a literal import: bundlers would want to find it.
    const module: Module & { default?: Module } = await import(/* @vite-ignore */ name)
    return module.default ?? module
  } catch (cause) {
    const code = (cause as { code?: unknown }).code
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw cause
    throw new TypeError(
      `withmac: the store of rateLimit needs a package that is not installed: npm install ${name}`,
      { cause },
    )
  }
}
