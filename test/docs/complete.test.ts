import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MAC_CHANNELS, MacError, type MacErrorCode } from '../../src/index.ts'
import { OPTIONS, type Taker } from '../../src/option-names.ts'
import { expect, test } from '../support/runner.ts'
import { block, page, ROOT, section } from './pages.ts'

const OPTIONS_PAGE = page('docs/options.md')

/** The headings with the options of a function, if no heading has its name. */
const HEADINGS: Partial<Record<Taker, readonly string[]>> = {
  createMac: ['createMac', 'createMac and withMac'],
  withMac: ['withMac', 'createMac and withMac'],
  verify: ['verify', 'withMac', 'createMac and withMac'],
  'the request of signHeaders': ['signHeaders'],
  createMacFetch: ['createMacFetch', 'signRequest'],
  'signedRequest of createTestMac': ['signedRequest'],
}
const TAKERS = Object.keys(OPTIONS) as Taker[]
const headingsOf = (taker: Taker) => HEADINGS[taker] ?? [taker]

test.each(TAKERS)('docs/options.md describes each option of %s', (taker) => {
  const text = headingsOf(taker)
    .map((heading) => section(OPTIONS_PAGE, heading))
    .join('')
  expect(OPTIONS[taker].filter((name) => !text.includes(`\`${name}\``))).toEqual([])
})

test('each option that docs/options.md describes exists', () => {
  const headings = [...new Set(TAKERS.flatMap(headingsOf))]
  const unknown = headings.flatMap((heading) => {
    const known = TAKERS.filter((taker) => headingsOf(taker).includes(heading))
    const names = known.flatMap((taker) => OPTIONS[taker])
    const rows = section(OPTIONS_PAGE, heading).matchAll(/^\| `(\w+)` \|/gm)
    return [...rows].map(([, name = '']) => name).filter((name) => !names.includes(name))
  })
  expect(unknown).toEqual([])
})

test('docs/errors.md has a heading for each error code, with the right status', () => {
  const source = readFileSync(join(ROOT, 'src/error-codes.ts'), 'utf8')
  const codes = new Set(source.match(/ERR_MAC_[A-Z_]+[A-Z]/g))
  expect(codes.size).toBeGreaterThan(30)
  const errors = page('docs/errors.md')
  const described = [...errors.prose.matchAll(/^### (.*)\n\n(?:\*\*(\d{3})\.\*\* )?/gm)]
  expect(described.map(([, code]) => code ?? '').toSorted()).toEqual([...codes].toSorted())
  for (const [, code, status] of described) {
    if (status === undefined) continue
    const own = new MacError(code as MacErrorCode).status
    expect([code, Number(status)]).toEqual([code, own < 500 ? own : 503])
  }
})

test('docs/diagnostics.md describes each channel', () => {
  const { prose } = page('docs/diagnostics.md')
  const names = Object.values(MAC_CHANNELS).map(({ name }) => `\`${String(name)}\``)
  expect(names.length).toBeGreaterThan(3)
  expect(names.filter((name) => !prose.includes(name))).toEqual([])
})

test('the deno.json of the documentation has the versions of package.json', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const { imports } = JSON.parse(block('"imports"').code)
  for (const name of ['kysely', 'rate-limiter-flexible', 'zod']) {
    expect(imports[name]).toBe(`npm:${name}@${manifest.dependencies[name]}`)
  }
})

test('the README has fewer than 170 lines', () => {
  expect(page('README.md').text.split('\n').length).toBeLessThan(170)
})

test('docs/frameworks.md names the versions of frameworks that are tested', () => {
  const text = page('docs/frameworks.md').text.replaceAll('\n', ' ')
  const [, sentence = ''] = /is tested with (.+?)\. /.exec(text) ?? []
  const named = new Map<string, string>()
  for (const each of sentence.split(/, | and /)) {
    const [, name = '', version = ''] = /^(.+) ([\d.]+)$/.exec(each) ?? []
    named.set(name.toLowerCase().replace('.js', '').replace(' ', '-'), version)
  }
  const tested = new Map<string, string>()
  for (const folder of ['astro', 'h3', 'next', 'nitro', 'react-router', 'servers', 'sveltekit']) {
    const manifest = readFileSync(join(ROOT, 'test/frameworks', folder, 'package.json'), 'utf8')
    const { dependencies, devDependencies } = JSON.parse(manifest)
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      const known = name.replace('@sveltejs/kit', 'sveltekit')
      const prefix = named.get(known)
      if (prefix !== undefined && `${version}.`.startsWith(`${prefix}.`)) tested.set(known, prefix)
    }
  }
  expect(named.size).toBeGreaterThan(10)
  expect([...tested].sort()).toEqual([...named].sort())
})
