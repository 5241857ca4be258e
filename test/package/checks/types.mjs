import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
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
  // The declarations themselves are under test, and those of Kysely with them.
  skipLibCheck: false,
}
const RESOLUTIONS = {
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
}
/** Where Request and Response come from. */
const GLOBALS = {
  DOM: { lib: ['es2023', 'dom', 'dom.iterable'], types: [] },
  '@types/node': { lib: ['es2023', 'esnext.disposable'], types: ['node'] },
  'bun-types': { lib: ['esnext'], types: ['bun-types'] },
}

/** What the package exports, and the user's project that imports all of it. */
const ENTRIES = {
  withmac: { consumer: 'consumer.ts', declared: 'index.d.ts' },
  'withmac/client': { consumer: 'consumer-client.ts', declared: 'client/index.d.ts' },
  'withmac/oauth': { consumer: 'consumer-oauth.ts', declared: 'oauth/index.d.ts' },
  'withmac/testing': { consumer: 'consumer-testing.ts', declared: 'testing/index.d.ts' },
}

/** The packed declarations hold in users' projects, whatever these are set to. */
export async function checkTypes(report, { application, unpacked }) {
  for (const [entry, { consumer, declared }] of Object.entries(ENTRIES)) {
    const source = await readFile(join(HERE, 'fixtures', consumer), 'utf8')
    const declarations = await readFile(join(unpacked, 'dist', declared), 'utf8')
    await writeFile(join(application, consumer), source)
    await report.check(`${consumer} imports every name that ${entry} exports`, () => {
      const imported = namesIn(new RegExp(`import \\{([^}]*)\\} from '${entry}'`, 'g'), source)
      const exported = namesIn(/export (?:type )?\{([^}]*)\}/g, declarations)
      demand(imported.join() === exported.join(), `exported are ${exported.join(', ')}`)
      return `${exported.length} names`
    })
  }
  const files = Object.values(ENTRIES).map(({ consumer }) => `../${consumer}`)

  // Among them are those that the consumer does not reach, such as the drivers'.
  await report.check('every declaration file, reached or not', async () => {
    const project = { include: ['../node_modules/withmac/dist/**/*.d.ts'], exclude: [] }
    const options = { ...STRICT, ...RESOLUTIONS.nodenext, ...GLOBALS['bun-types'] }
    await compile(COMPILERS['TypeScript 7'], join(application, 'declarations'), options, project)
  })

  for (const [compiler, tsc] of Object.entries(COMPILERS)) {
    for (const [resolution, module] of Object.entries(RESOLUTIONS)) {
      for (const [globals, environment] of Object.entries(GLOBALS)) {
        await report.check(`${compiler}, ${resolution}, globals of ${globals}`, async () => {
          const name = `${compiler}-${resolution}-${globals}`.replaceAll(/\W/g, '-')
          const options = { ...STRICT, ...module, ...environment }
          await compile(tsc, join(application, name), options, { files })
        })
      }
    }
  }
}

async function compile(tsc, folder, compilerOptions, project) {
  await mkdir(folder)
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, ...project }))
  await run(process.execPath, [tsc, '-p', folder], folder)
}

function namesIn(pattern, text) {
  const lists = [...text.matchAll(pattern)].map(([, list]) => list)
  const names = lists
    .flatMap((list) => list.split(','))
    .map((name) => name.replace(/\btype\b/, '').trim())
  return names.filter((name) => name !== '').sort()
}
