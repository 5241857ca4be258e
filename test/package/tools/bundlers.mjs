import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as esbuild from 'esbuild'
import * as vite from 'vite'
import { run } from './command.mjs'
import { demand } from './report.mjs'
import { tool } from './runtimes.mjs'

/**
 * Bundles an entry of the application with esbuild, everything in one file.
 * @throws Error if there is a warning, like all bundlers here.
 */
export async function withEsbuild({
  application,
  entry,
  out,
  minify,
  format = 'esm',
  platform = 'node',
  conditions,
}) {
  const file = join(out, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs')
  const { warnings } = await esbuild.build({
    absWorkingDir: application,
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    platform,
    conditions,
    format,
    minify,
    logLevel: 'silent',
  })
  demand(warnings.length === 0, warnings.map(({ text }) => text).join('\n'))
  return file
}

/** Bundles with Vite, for a server or for browsers. By default Vite does not bundle dependencies for a server. */
export async function withVite({
  application,
  entry,
  out,
  minify = false,
  everything = true,
  platform = 'node',
}) {
  const warnings = []
  const keep = (text) => warnings.push(text)
  const customLogger = { ...vite.createLogger('silent'), warn: keep, warnOnce: keep, error: keep }
  await vite.build({
    configFile: false,
    root: application,
    logLevel: 'warn',
    customLogger,
    build: {
      outDir: out,
      emptyOutDir: false,
      minify,
      ...(platform === 'node' ? { ssr: entry } : forBrowsers(entry)),
    },
    ...(everything ? { ssr: { noExternal: true } } : {}),
  })
  demand(warnings.length === 0, warnings.join('\n'))
  return join(out, entry.replace(/\.mjs$/, '.js'))
}

function forBrowsers(entry) {
  const output = { entryFileNames: '[name].js' }
  return { rolldownOptions: { input: entry, output, preserveEntrySignatures: 'strict' } }
}

/** Bundles with `bun build`, for Bun or for Node. */
export async function withBun({ application, entry, out, minify, target }) {
  const file = join(out, 'bundle.mjs')
  await mkdir(out, { recursive: true })
  const args = ['build', entry, '--target', target, '--outfile', file]
  const all = minify ? [...args, '--minify'] : args
  const { stderr } = await run(tool('bun'), all, application)
  demand(stderr === '', stderr)
  return file
}

/** Returns all literal names that a bundle and its chunks import, by any kind of import. */
export async function literalImports(bundle) {
  const names = new Set()
  const plugin = {
    name: 'note-imports',
    setup(build) {
      build.onResolve({ filter: /.*/ }, ({ kind, path }) => {
        if (kind === 'entry-point' || /^\.\.?\//.test(path)) return undefined
        names.add(path)
        return { path, external: true }
      })
    },
  }
  const options = {
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  }
  await esbuild.build({ ...options, entryPoints: [bundle], plugins: [plugin] })
  return [...names].sort()
}
