// A step of `npm run build`: bundles the client for browsers and Workers into dist/client/browser.js, and writes
// the licence of what it contains beside it. It runs on Bun.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { thirdParty } from '../third-party.mjs'

const ROOT = join(import.meta.dirname, '../..')
const BUILT = join(ROOT, 'dist/client')

/** The files that need a server's runtime, or that servers need whole. Each is replaced by one in `web`. */
const REPLACED = [
  'client/crypto.ts',
  'client/runtime.ts',
  'client/url-parts.ts',
  'error-codes.ts',
  'option-names.ts',
].map((file) => join(ROOT, 'src', file))

const { outputs, metafile } = await Bun.build({
  entrypoints: [join(import.meta.dirname, 'index.ts')],
  root: ROOT,
  target: 'browser',
  format: 'esm',
  metafile: true,
  minify: { syntax: true, whitespace: false, identifiers: false },
  plugins: [
    {
      name: 'for browsers',
      setup(build) {
        build.onResolve({ filter: /^\..*\.ts$/ }, ({ path, importer }) => {
          const file = join(importer, '..', path)
          if (!REPLACED.includes(file)) return undefined
          return { path: join(import.meta.dirname, 'web', path.split('/').at(-1)) }
        })
        // Bun would put its own copy of these into the bundle.
        build.onResolve({ filter: /^node:/ }, ({ path, importer }) => {
          throw new Error(`${importer} imports ${path}, which browsers do not have.`)
        })
      },
    },
  ],
})
const [bundle] = outputs
const text = await bundle.text()
// Bun writes the path of each module into a comment. Where node_modules is on this machine must not be packed.
writeFileSync(join(BUILT, 'browser.js'), text.replace(/^\/\/ .*node_modules\//gm, '// '))
writeFileSync(join(BUILT, 'browser.d.ts'), "export * from './index.js'\n")
writeFileSync(join(BUILT, 'THIRD-PARTY.txt'), thirdParty('browser.js', metafile))
