import { copyFile, stat, writeFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { literalImports, withBun, withEsbuild, withVite } from '../tools/bundlers.mjs'
import { demand, kilobytes } from '../tools/report.mjs'
import { HERE, RUNTIMES } from '../tools/runtimes.mjs'
import { demandThatItServes } from '../tools/serve.mjs'

const { node, bun } = RUNTIMES
const NODE = 'serve-node.mjs'
const BUN = 'serve-bun.mjs'

/** Some are minified: a minifier may turn `import(name)` into an import by a literal name. */
const BUNDLES = [
  ['esbuild', withEsbuild, { entry: NODE }, [node, bun]],
  ['esbuild, minified', withEsbuild, { entry: NODE, minify: true }, [node, bun]],
  ['esbuild, CommonJS', withEsbuild, { entry: NODE, format: 'cjs' }, [node]],
  ['vite build --ssr, noExternal', withVite, { entry: NODE }, [node, bun]],
  ['vite build --ssr, noExternal, minified', withVite, { entry: NODE, minify: true }, [node, bun]],
  ['bun build --target node', withBun, { entry: NODE, target: 'node' }, [node]],
  [
    'bun build --target node --minify',
    withBun,
    { entry: NODE, target: 'node', minify: true },
    [node],
  ],
  ['bun build --target bun', withBun, { entry: BUN, target: 'bun' }, [bun]],
  ['bun build --target bun --minify', withBun, { entry: BUN, target: 'bun', minify: true }, [bun]],
]

/** With every bundler, a server that uses the library runs without node_modules. */
export async function checkBundles(report, { application, folder }) {
  await Promise.all([NODE, BUN].map((entry) => copyIn(entry, application)))
  for (const [index, [name, bundler, options, runtimes]] of BUNDLES.entries()) {
    const out = join(folder, `bundle-${index}`)
    let bundle
    const bundled = await report.check(`${name}: bundles without a warning`, async () => {
      bundle = await bundler({ application, out, ...options })
      await writeFile(join(dirname(bundle), 'package.json'), '{"type":"module"}')
      return kilobytes((await stat(bundle)).size)
    })
    if (!bundled) continue
    // If this fails, users would see a warning, or a server that does not start on another machine.
    await report.check(`${name}: imports only modules of the runtime`, async () => {
      const names = await literalImports(bundle)
      const known = options.entry === BUN ? ['bun:sqlite'] : []
      const wrong = names.filter((found) => !isBuiltin(found) && !known.includes(found))
      demand(wrong.length === 0, wrong.join(', '))
      return names.join(', ')
    })
    for (const runtime of runtimes) {
      await report.check(`${name}: serves on ${runtime.name}, without node_modules`, () =>
        demandThatItServes(runtime, bundle),
      )
    }
  }
  await checkViteDefaults(report, application)
}

/** By default Vite does not bundle the library. The server finds it in node_modules. */
async function checkViteDefaults(report, application) {
  const name = 'vite build --ssr, default settings'
  let bundle
  const bundled = await report.check(`${name}: bundles without a warning`, async () => {
    const out = join(application, 'dist')
    bundle = await withVite({ application, entry: NODE, out, everything: false })
    const names = await literalImports(bundle)
    demand(
      names.includes('withmac'),
      'the library was bundled, but this check is about a library outside the bundle',
    )
    return `imports ${names.join(', ')}`
  })
  if (!bundled) return
  await report.check(`${name}: serves on ${node.name}, beside node_modules`, () =>
    demandThatItServes(node, bundle, { alone: false }),
  )
}

function copyIn(entry, application) {
  return copyFile(join(HERE, 'fixtures', entry), join(application, entry))
}
