import { builtinModules } from 'node:module'
import { build } from 'esbuild'

/*
 * Bundles the Workers as wrangler does: Node's modules stay imports, because the runtime has them, and packages are
 * taken by the conditions workerd, worker and browser.
 */

const NODE = new RegExp(`^(?:node:)?(?:${builtinModules.join('|')})$`)

const nodeModules = {
  name: 'node-modules',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: NODE }, ({ path: name, kind }) => {
      const path = name.startsWith('node:') ? name : `node:${name}`
      return kind === 'require-call' ? { path, namespace: 'required' } : { path, external: true }
    })
    onLoad({ filter: /^/, namespace: 'required' }, ({ path }) => ({
      contents: `import found from '${path}'; module.exports = found`,
    }))
    onResolve({ filter: /^(?:cloudflare:|pg-native$)/ }, ({ path }) => ({ path, external: true }))
  },
}

await build({
  entryPoints: ['server', 'client', 'client-all', 'without-store'].map(
    (name) => `workers/${name}.ts`,
  ),
  outdir: 'workers/built',
  bundle: true,
  format: 'esm',
  platform: 'browser',
  mainFields: ['module', 'main'],
  conditions: ['workerd', 'worker', 'browser'],
  target: 'es2023',
  plugins: [nodeModules],
})
