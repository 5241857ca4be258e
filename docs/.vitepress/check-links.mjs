// Checks the links of a built site.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'

/**
 * Checks that each link, picture and script of all pages leads to a file of the site, and each `#` to an element.
 *
 * @param folder Where the site was built.
 * @param base The path at which it will be served.
 * @returns How many links there are, and a line for each that leads nowhere.
 */
export function checkLinks(folder, base = '/') {
  const pages = new Map()
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.html')) pages.set(name, readPage(join(folder, name)))
  }
  const faults = []
  let count = 0
  for (const [from, { links }] of pages) {
    for (const link of links) {
      if (/^(?:https?:|mailto:|data:)/i.test(link)) continue
      count++
      const fault = faultOf(link, { from, folder, base, pages })
      if (fault !== null) faults.push(`${from}: ${link} ${fault}`)
    }
  }
  return { count, pages: pages.size, faults }
}

function faultOf(link, { from, folder, base, pages }) {
  const { pathname, hash } = new URL(link, new URL(base + from, 'http://site.invalid'))
  if (!pathname.startsWith(base)) return `is not below ${base}`
  let path = decodeURIComponent(pathname.slice(base.length))
  if (path === '' || path.endsWith('/')) path = posix.join(path, 'index.html')
  // Not every web server adds the end of a name.
  if (!existsSync(join(folder, path)) || statSync(join(folder, path)).isDirectory()) {
    return 'leads to no file'
  }
  const id = decodeURIComponent(hash.slice(1))
  if (id === '' || !path.endsWith('.html') || pages.get(path).ids.has(id)) return null
  return 'leads to no heading'
}

function readPage(path) {
  const html = readFileSync(path, 'utf8').replace(/<script\b[^>]*>[\s\S]*?<\/script>/g, '')
  const values = (pattern) => new Set([...html.matchAll(pattern)].map(([, value]) => plain(value)))
  return { links: values(/\b(?:href|src)="([^"]*)"/g), ids: values(/\bid="([^"]*)"/g) }
}

function plain(value) {
  return value
    .replaceAll('&amp;', '&')
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
}
