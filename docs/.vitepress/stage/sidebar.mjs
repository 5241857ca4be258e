// Reads the list of pages in docs/README.md: it is also the navigation of the site.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, stagedLink } from './pages.mjs'
import { REFERENCE, STAGED } from './stage.mjs'

const LIST = 'docs/README.md'

/**
 * Returns the groups of the navigation.
 * @throws Error if there is no group.
 */
export function sidebar() {
  const groups = []
  for (const line of readFileSync(join(ROOT, LIST), 'utf8').split('\n')) {
    const [, text] = /^\*\*(.+)\*\*$/.exec(line) ?? []
    if (text !== undefined) groups.push({ text, items: [] })
    if (!line.startsWith('- ') || groups.length === 0) continue
    // Links behind the colon belong to the description.
    const links = [...line.replace(/: .*$/, '').matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)]
    for (const [, name, link] of links) {
      groups.at(-1).items.push({ text: name, link: stagedLink(link, LIST, () => {}) })
    }
  }
  if (groups.every(({ items }) => items.length === 0)) throw new Error(`${LIST} lists no page`)
  return groups
}

/**
 * Returns the navigation of the API reference: for each entry of the package, a list of all entries and one of what it
 * exports. The keys are the paths of their pages.
 */
export function referenceSidebars() {
  const root = join(STAGED, REFERENCE, 'withmac')
  if (!existsSync(root)) return {}
  const entries = foldersIn(root)
    .filter((name) => name !== 'not-exported' && existsSync(join(root, name, 'index.md')))
    .map((name) => `withmac/${name}`)
  const all = {
    text: 'API reference',
    items: ['withmac', ...entries].map((text) => ({ text, link: `/${REFERENCE}/${text}/` })),
  }
  const sidebarOf = (entry) => [
    all,
    { text: entry, items: KINDS.flatMap((kind) => itemsOf(join(entry, kind))) },
  ]
  return Object.fromEntries([
    [`/${REFERENCE}/`, sidebarOf('withmac')],
    ...entries.map((entry) => [`/${REFERENCE}/${entry}/`, sidebarOf(entry)]),
  ])
}

const KINDS = ['functions', 'variables', 'classes', 'interfaces', 'type-aliases']

function itemsOf(folder) {
  const path = join(STAGED, REFERENCE, folder)
  if (!existsSync(path)) return []
  return readdirSync(path)
    .map((name) => name.replace(/\.md$/, ''))
    .sort((one, other) => one.localeCompare(other))
    .map((name) => ({ text: name, link: `/${REFERENCE}/${folder}/${name}` }))
}

function foldersIn(path) {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
}
