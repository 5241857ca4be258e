import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The page whose tables are measured. */
const PAGE = fileURLToPath(new URL('../../docs/compatibility.md', import.meta.url))

const MARKS = { passed: '✓', rejected: '✗', unsent: '–' }

/** Returns the table of a client: each kind of request that does not pass everywhere, and why. */
export function differencesTable(servers, rows) {
  const head = ['request', ...servers.map(({ name }) => name), 'why', 'what to do']
  const alike = new Map()
  for (const { request, outcomes, difference } of rows) {
    const { why, set } = difference
    const rest = [...outcomes.map((outcome) => MARKS[outcome]), why, set]
    const key = JSON.stringify(rest)
    alike.set(key, { requests: [...(alike.get(key)?.requests ?? []), request], rest })
  }
  const cells = [...alike.values()].map(({ requests, rest }) => [requests.join('; '), ...rest])
  return table([head, head.map(() => '---'), ...cells])
}

/** Returns the table of all clients: how many of their requests pass on which runtime. */
export function countsTable(servers, clients) {
  const head = ['client', 'requests', ...servers.map(({ name }) => `pass on ${name}`)]
  const cells = clients.map(({ name, requests, passed }) => [
    `[${name}](#${name})`,
    requests,
    ...passed,
  ])
  return table([head, head.map(() => '---'), ...cells])
}

/** Whether the section of a client names the version that ran. */
export function namesVersion({ name, version }) {
  const [, section = ''] = readFileSync(PAGE, 'utf8').split(`\n## ${name}\n`)
  const [own] = section.split('\n## ')
  return own.includes(version)
}

function table(rows) {
  return rows
    .map((cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')
}

/**
 * Puts the measured parts into the page, or compares them with it.
 *
 * @param parts Their text, by the name in the comment before each.
 * @returns The names of those that differ.
 */
export function bringIntoPage(parts, { write }) {
  let text = readFileSync(PAGE, 'utf8')
  const different = []
  for (const [name, part] of Object.entries(parts)) {
    const [start, end] = [`<!-- measured: ${name} -->\n\n`, '\n\n<!-- end -->']
    const from = text.indexOf(start) + start.length
    const to = text.indexOf(end, from)
    if (from < start.length || to === -1)
      throw new Error(`docs/compatibility.md has no part ${name}`)
    if (text.slice(from, to) !== part) different.push(name)
    text = text.slice(0, from) + part + text.slice(to)
  }
  if (write) writeFileSync(PAGE, text)
  return write ? [] : different
}
