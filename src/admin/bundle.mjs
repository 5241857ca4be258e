// The last step of `npm run build`: bundles hono and d3 into dist/admin/vendor.js, writes their licences beside
// it, and puts the files that the pages load into dist/admin/assets.js. It runs on Bun.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { thirdParty } from '../third-party.mjs'

const ROOT = join(import.meta.dirname, '../..')
const BUILT = join(ROOT, 'dist/admin')

const { outputs, metafile } = await Bun.build({
  entrypoints: [join(BUILT, 'vendor.js')],
  root: ROOT,
  target: 'node',
  format: 'esm',
  metafile: true,
  minify: { syntax: true, whitespace: false, identifiers: false },
})
const [bundle] = outputs
// Bun writes the path of each module into a comment. Where node_modules is on this machine must not be packed.
const text = await bundle.text()
writeFileSync(join(BUILT, 'vendor.js'), text.replace(/^\/\/ .*node_modules\//gm, '// '))

// Users have no types of these packages, and no declaration but this one names them.
const declared = join(BUILT, 'vendor.d.ts')
const types = readFileSync(declared, 'utf8')
writeFileSync(declared, types.replace(/^(?:import|export) [^;]*? from ["'][^.][^;]*;\n/gm, ''))

writeFileSync(join(BUILT, 'THIRD-PARTY.txt'), thirdParty('vendor.js', metafile))

const assets = readdirSync(import.meta.dirname).filter((name) => /\.(?:css|js|svg)$/.test(name))
const texts = assets.map((name) => [name, readFileSync(join(import.meta.dirname, name), 'utf8')])
writeFileSync(
  join(BUILT, 'assets.js'),
  `const TEXTS = ${JSON.stringify(Object.fromEntries(texts), null, 2)}

/** Returns the text of a file that the pages load. */
export function readAsset(name) {
    return TEXTS[name]
}
`,
)
