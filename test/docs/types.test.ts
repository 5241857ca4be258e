import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '../support/folder.ts'
import { runToEnd } from '../support/process.ts'
import { expect, test } from '../support/runner.ts'
import { isFrameworkFile } from './framework-files.ts'
import { BLOCKS, ROOT } from './pages.ts'

const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')

/** Declarations that frameworks generate beside a route. `test/types` tests with the frameworks' own types. */
const GENERATED: readonly (readonly [name: string, text: string])[] = [
  [
    '$types.d.ts',
    'export type RequestHandler = (event: { request: Request }) => Promise<Response>',
  ],
  ['+types/orders.d.ts', 'export namespace Route { interface LoaderArgs { request: Request } }'],
]

/** Code with one type error, which the compiler must find: so the test shows that the compiler runs. */
const WRONG = "import { createMac } from 'withmac'\ncreateMac({ window: 60 })\n"

test('each TypeScript example compiles without type errors', async () => {
  const blocks = BLOCKS.filter((block) => block.language === 'ts' && !isFrameworkFile(block))
  const examples = blocks.map(({ code }) => code)
  const errors = await typeErrors([...examples, WRONG])
  expect(errors).toHaveLength(1)
  expect(errors[0]).toContain(`${examples.length}/example.ts(2,13): error TS2353`)
})

/** Returns the compiler's errors for examples, each in its own folder. */
async function typeErrors(examples: readonly string[]): Promise<string[]> {
  using folder = temporaryFolder()
  symlinkSync(join(ROOT, 'node_modules'), folder.path('node_modules'))
  for (const [index, code] of examples.entries()) {
    mkdirSync(folder.path(`${index}/+types`), { recursive: true })
    writeFileSync(folder.path(`${index}/example.ts`), code)
    for (const [name, text] of GENERATED) writeFileSync(folder.path(`${index}/${name}`), text)
  }
  const settings = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      module: 'esnext',
      moduleResolution: 'bundler',
      declaration: false,
      isolatedDeclarations: false,
    },
    include: ['.'],
    exclude: [],
  }
  writeFileSync(folder.path('tsconfig.json'), JSON.stringify(settings))
  const args = ['-p', folder.path('tsconfig.json'), '--pretty', 'false']
  const { out, err } = await runToEnd(TSC, { cwd: folder.path(''), env: process.env, args })
  return (out + err).split('\n')
}
