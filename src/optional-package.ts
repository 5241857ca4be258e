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
    const code = (cause as { code?: unknown }).code
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw cause
    throw new TypeError(
      `withmac: ${needs} needs a package that is not installed: npm install ${name} (with Bun: bun add ` +
        `${name}; with Deno: deno add npm:${name})`,
      { cause },
    )
  }
}
