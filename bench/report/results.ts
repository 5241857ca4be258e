import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../setup/runtimes.ts'
import { machine } from './machine.ts'

/** The sections of the file, in their order. The bench of the same name writes each. */
export const SECTIONS = [
  'micro',
  'peers',
  'recording',
  'profile',
  'http',
  'disk',
  'growth',
  'opening',
  'processes',
  'stores',
  'memory',
  'flood',
  'timing',
] as const
const FILE = join(ROOT, 'bench/RESULTS.md')

const HEAD = `# What was measured

A bench writes each section, and replaces it when it runs again: \`npm run bench\`, \`bench:peers\`,
\`bench:recording\`, \`bench:profile\`, \`bench:http\`, \`bench:disk\`, \`bench:growth\`, \`bench:opening\`,
\`bench:processes\`, \`bench:stores\`, \`bench:memory\`, \`bench:flood\` and \`bench:timing\`. With \`-- --short\` they run
for a moment and write nothing. With \`-- --before DIR\`, a checkout of an earlier version with its packages installed,
peers, http and disk also measure that version. Absolute figures are true only for the named machine. Ratios are more
portable. Both need a machine that does nothing else. A figure is the median of several runs, with the quartiles next to
it. Goals are informative: no check depends on them.
`

/** The name of a section. */
export type Section = (typeof SECTIONS)[number]

/** Prints the result of a bench and, except for a short run, writes it into its section of RESULTS.md. */
export function report(name: Section, text: string, { short }: { readonly short: boolean }): void {
  console.log(`\n${text}\n`)
  if (short) {
    console.log('Nothing is written: these runs were short, and their figures mean nothing.')
    return
  }
  const body = `${text}\n\n${machine()}`
  const old = existsSync(FILE) ? readFileSync(FILE, 'utf8') : ''
  const parts = SECTIONS.map((section) => {
    const content = section === name ? body : contentOf(old, section)
    return content === null ? '' : `\n${marker(section)}\n${content}\n${marker(`/${section}`)}\n`
  })
  writeFileSync(FILE, HEAD + parts.join(''))
  console.log(`Written to ${FILE}.`)
}

function contentOf(file: string, section: Section): string | null {
  const [, after] = file.split(`${marker(section)}\n`)
  return after?.split(`\n${marker(`/${section}`)}`)[0] ?? null
}

function marker(name: string): string {
  return `<!-- ${name} -->`
}
