import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { run } from '../tools/command.mjs'
import { demand } from '../tools/report.mjs'
import { COMPILERS, HERE } from '../tools/runtimes.mjs'

const STRICT = {
  target: 'es2022',
  noEmit: true,
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  // Checks the declarations themselves, and those of Kysely.
  skipLibCheck: false,
}
const RESOLUTIONS = {
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
}
/** Where Request and Response come from, if the user's project has no types but TypeScript's own. */
const BARE = { DOM: { lib: ['es2023', 'dom', 'dom.iterable'], types: [] } }
/** The same, if the user's project has installed `bun-types`, which brings `@types/node`. */
const INSTALLED = {
  '@types/node': { lib: ['es2023', 'esnext.disposable'], types: ['node'] },
  'bun-types': { lib: ['esnext'], types: ['bun-types'] },
}

/** The entry points of the package, each with a program that imports all its exports. */
const ENTRIES = {
  withmac: { consumer: 'consumer.ts', declared: 'index.d.ts' },
  'withmac/client': { consumer: 'consumer-client.ts', declared: 'client/index.d.ts' },
  'withmac/admin': { consumer: 'consumer-admin.ts', declared: 'admin/index.d.ts' },
  'withmac/hono': { consumer: 'consumer-hono.ts', declared: 'hono.d.ts' },
  'withmac/oauth': { consumer: 'consumer-oauth.ts', declared: 'oauth/index.d.ts' },
  'withmac/testing': { consumer: 'consumer-testing.ts', declared: 'testing/index.d.ts' },
}

/** The packed declarations compile in users' projects, with all settings. */
export async function checkTypes(report, { application, unpacked }) {
  for (const [entry, { consumer, declared }] of Object.entries(ENTRIES)) {
    const source = await readFile(join(HERE, 'fixtures', consumer), 'utf8')
    const declarations = await readFile(join(unpacked, 'dist', declared), 'utf8')
    await writeFile(join(application, consumer), source)
    await report.check(`${consumer} imports every name that ${entry} exports`, () => {
      const imported = namesIn(new RegExp(`import \\{([^}]*)\\} from '${entry}'`, 'g'), source)
      const exported = namesIn(
        /export (?:(?:type )?\{([^}]*)\}|(?:declare )?(?:function|interface|type) (\w+))/g,
        declarations,
      )
      demand(imported.join() === exported.join(), `exported are ${exported.join(', ')}`)
      return `${exported.length} names`
    })
  }
  const files = Object.values(ENTRIES).map(({ consumer }) => `../${consumer}`)

  await report.check('npm install takes hono, whose types withmac/hono needs', async () => {
    const wanted = `hono@${await devDependency('hono')}`
    await run('npm', ['install', wanted, '--no-audit', '--no-fund'], application)
    return wanted
  })
  await checkCombinations(BARE)
  await report.check('npm install takes the types of Bun and Node', async () => {
    const wanted = `bun-types@${await devDependency('bun-types')}`
    await run('npm', ['install', wanted, '--no-audit', '--no-fund'], application)
    return wanted
  })
  await checkCombinations(INSTALLED)

  // Some are not imported by any entry point, such as those of the drivers.
  await report.check('every declaration file, reached or not', async () => {
    const project = { include: ['../node_modules/withmac/dist/**/*.d.ts'], exclude: [] }
    const options = { ...STRICT, ...RESOLUTIONS.nodenext, ...INSTALLED['bun-types'] }
    await compile(COMPILERS['TypeScript 7'], join(application, 'declarations'), options, project)
  })

  async function checkCombinations(environments) {
    for (const [compiler, tsc] of Object.entries(COMPILERS)) {
      for (const [resolution, module] of Object.entries(RESOLUTIONS)) {
        for (const [globals, environment] of Object.entries(environments)) {
          await report.check(`${compiler}, ${resolution}, globals of ${globals}`, async () => {
            const name = `${compiler}-${resolution}-${globals}`.replaceAll(/\W/g, '-')
            const options = { ...STRICT, ...module, ...environment }
            await compile(tsc, join(application, name), options, { files })
          })
        }
      }
    }
  }
}

async function devDependency(name) {
  const manifest = await readFile(resolve(HERE, '../../package.json'), 'utf8')
  return JSON.parse(manifest).devDependencies[name]
}

async function compile(tsc, folder, compilerOptions, project) {
  await mkdir(folder)
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, ...project }))
  await run(process.execPath, [tsc, '-p', folder], folder)
}

function namesIn(pattern, text) {
  const lists = [...text.matchAll(pattern)].map(([, list, name]) => list ?? name)
  const names = lists
    .flatMap((list) => list.split(','))
    .map((name) => name.replace(/\btype\b/, '').trim())
  return [...new Set(names)].filter((name) => name !== '').sort()
}
