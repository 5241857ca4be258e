// Says which page of the site each file of the repository becomes.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'

export const ROOT = join(import.meta.dirname, '../../..')

/** Pages with another name on the site than in the repository. */
const RENAMED = new Map([
  ['README.md', 'index.md'],
  ['CHANGELOG.md', 'changelog.md'],
  ['CONTRIBUTING.md', 'contributing.md'],
  ['SECURITY.md', 'vulnerabilities.md'],
  ['bench/RESULTS.md', 'results.md'],
  ['docs/README.md', 'contents.md'],
  ['docs/errors.md', 'errors/index.md'],
])
const PICTURE = /\.(?:svg|png)$/

/** Returns the paths of all pages in the repository. */
export function sources() {
  const below = readdirSync(join(ROOT, 'docs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .filter((path) => !path.startsWith('docs/.vitepress/'))
  return [...new Set([...RENAMED.keys(), ...below])].sort()
}

/** Returns the name of a page on the site: `client.md` for `docs/client.md`. */
export function stagedName(source) {
  const plain = source.replace(/^docs\//, '').replace(/README\.md$/, 'index.md')
  return RENAMED.get(source) ?? plain
}

/**
 * Returns where a link leads on the site. A text that is not a page, such as an example, gets a page that shows it.
 *
 * @param link As it is written in the file `from`.
 * @param use Is called with each file that the site needs besides the pages.
 * @throws Error if there is no such file.
 */
export function stagedLink(link, from, use) {
  if (/^(?:[a-z]+:|#|\/)/i.test(link)) return link
  const [path = '', anchor] = link.split('#')
  const target = posix.join(dirname(from), path).replace(/\/$/, '')
  if (!existsSync(join(ROOT, target)) || target.startsWith('..')) {
    throw new Error(`${from}: ${link} leads to no file`)
  }
  if (statSync(join(ROOT, target)).isDirectory()) {
    throw new Error(`${from}: ${link} leads to a folder: link to a file in it`)
  }
  const end = anchor === undefined ? '' : `#${anchor}`
  if (target.endsWith('.md')) return `/${stagedName(target)}${end}`
  use(target)
  return PICTURE.test(target) ? `/${target}` : `/files/${target}.md`
}

/** Whether a file is copied as it is, and not shown on a page. */
export function isPicture(path) {
  return PICTURE.test(path)
}
