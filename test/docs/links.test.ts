import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from '../support/runner.ts'
import { PAGES, type Page, page, ROOT, readPage } from './pages.ts'

test.each(PAGES.map(({ name }) => name))(
  'each link of %s leads to an existing file or heading',
  (name) => {
    expect(
      linksOf(page(name))
        .map((link) => faultOf(link, name))
        .filter(Boolean),
    ).toEqual([])
  },
)

test('docs/README.md links to each page of the documentation', () => {
  const index = 'docs/README.md'
  const linked = linksOf(page(index)).map((link) => pathOf(link, index))
  const names = PAGES.map(({ name }) => name).filter((name) => name !== index)
  expect(names.filter((name) => !linked.includes(name))).toEqual([])
})

test('a link is rejected if its file, heading or reference does not exist', () => {
  expect(faultOf('docs/nothing.md', 'README.md')).toBe('docs/nothing.md: there is no such file')
  expect(faultOf('docs/client.md#nothing', 'README.md')).toBe(
    'docs/client.md#nothing: there is no such heading',
  )
  expect(faultOf('docs/client.md#redirects', 'README.md')).toBe(null)
  expect(faultOf('[nothing]', 'README.md')).toBe('[nothing]: there is no such reference')
})

/** Returns the targets of all links and pictures of a page, and `[name]` for a reference that is not defined. */
function linksOf({ prose }: Page): string[] {
  const text = prose.replace(/`[^`\n]*`/g, '`')
  const inline = [...text.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => target)
  const defined = new Map(
    [...text.matchAll(/^\[([^\]]+)\]: +(\S+)$/gm)].map(([, name = '', target = '']) => [
      name,
      target,
    ]),
  )
  const plain = text.replace(/^\[[^\]]+\]:.*$/gm, '')
  const used = [...plain.matchAll(/(?:\]\[|(?<![\]\w`])\[)([\w@.,/ -]+)\](?![(:[])/g)]
  const references = used.map(([, name = '']) => defined.get(name) ?? `[${name}]`)
  return [...inline, ...references]
}

function faultOf(link: string, from: string): string | null {
  if (link.startsWith('[')) return `${link}: there is no such reference`
  if (link.startsWith('https://')) return URL.canParse(link) ? null : `${link}: not a URL`
  const path = pathOf(link, from)
  if (!existsSync(join(ROOT, path))) return `${link}: there is no such file`
  const anchor = link.split('#')[1]
  if (anchor === undefined || readPage(path).anchors.has(anchor)) return null
  return `${link}: there is no such heading`
}

function pathOf(link: string, from: string): string {
  const [path = ''] = link.split('#')
  if (path === '') return from
  return relative(ROOT, join(ROOT, dirname(from), path)).replaceAll('\\', '/')
}
