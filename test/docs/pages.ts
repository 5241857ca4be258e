import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT: string = join(import.meta.dirname, '../..')

/** A block of code between two fences. */
export interface Block {
  /** The page that it is on, such as `docs/client.md`. */
  readonly page: string
  /** The line of its first fence. */
  readonly line: number
  readonly language: string
  readonly code: string
}

/** A page of the documentation. */
export interface Page {
  /** Its path in the repository. */
  readonly name: string
  readonly text: string
  /** The same without blocks of code. */
  readonly prose: string
  readonly blocks: readonly Block[]
  /** The anchors that `#…` may name, made from the headings as GitHub does. */
  readonly anchors: ReadonlySet<string>
}

const names = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', ...markdownBelow('docs')]

/** All pages whose blocks and links the tests check. */
export const PAGES: readonly Page[] = names.map(readPage)

/** All blocks of all pages. */
export const BLOCKS: readonly Block[] = PAGES.flatMap(({ blocks }) => blocks)

/**
 * Returns the page of this name.
 * @throws Error if there is none.
 */
export function page(name: string): Page {
  const found = PAGES.find((each) => each.name === name)
  if (found === undefined) throw new Error(`There is no page ${name}`)
  return found
}

/**
 * Returns the only block that contains a text.
 * @throws Error if there is none, or more than one.
 */
export function block(contains: string): Block {
  const found = BLOCKS.filter(({ code }) => code.includes(contains))
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  throw new Error(`${found.length} blocks contain ${contains}`)
}

/** Returns the section below a heading, up to the next heading of the same or a higher level. */
export function section({ name, text }: Page, heading: string): string {
  const start = text.search(new RegExp(`^#+ ${heading}$`, 'm'))
  if (start === -1) throw new Error(`${name} has no heading ${heading}`)
  const rank = /^#+/.exec(text.slice(start))?.[0].length ?? 1
  const rest = text.slice(start + rank)
  const end = rest.search(new RegExp(`^#{1,${rank}} `, 'm'))
  return end === -1 ? rest : rest.slice(0, end)
}

/** Reads a Markdown page. It does not recognize indented fences and underlined headings. */
export function readPage(name: string): Page {
  const text = readFileSync(join(ROOT, name), 'utf8')
  const blocks: Block[] = []
  const prose: string[] = []
  let open: { line: number; language: string; code: string } | null = null
  for (const [index, line] of text.split('\n').entries()) {
    const [, language] = /^```(.*)$/.exec(line) ?? []
    if (open === null && language !== undefined) open = { line: index + 1, language, code: '' }
    else if (open === null) prose.push(line)
    else if (language === undefined) open.code += `${line}\n`
    else {
      blocks.push({ page: name, ...open })
      open = null
    }
  }
  if (open !== null) throw new Error(`${name}: the block of line ${open.line} has no end`)
  return { name, text, prose: prose.join('\n'), blocks, anchors: anchorsOf(prose) }
}

function anchorsOf(lines: readonly string[]): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const line of lines) {
    const [, heading] = /^#{1,6} +(.*)$/.exec(line) ?? []
    if (heading === undefined) continue
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const anchor = plain.replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')
    let unique = anchor
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`
    anchors.add(unique)
  }
  return anchors
}

function markdownBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('.vitepress'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .sort()
}
