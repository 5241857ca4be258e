// Writes the pages of the site, as VitePress reads them, into one folder.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errorPages } from './errors.mjs'
import { withLinks } from './markdown.mjs'
import { isPicture, ROOT, sources, stagedLink, stagedName } from './pages.mjs'

export const STAGED = join(import.meta.dirname, '../staged')
/** The folder in {@link STAGED} that `writeReference` fills. */
export const REFERENCE = 'api'

/** The languages of files that pages link to, as the highlighter names them. */
const LANGUAGES = [
  [/nginx[^/]*$/, 'nginx'],
  [/apache[^/]*$/, 'apache'],
  [/\.ya?ml$/, 'yaml'],
  [/\.json$/, 'json'],
  [/\.sh$/, 'sh'],
  [/\.[cm]?[jt]sx?$/, 'ts'],
  [/\.py$/, 'python'],
  [/\.rb$/, 'ruby'],
]

/** Writes all pages but the reference. A page that has not changed is not written again. */
export function stage() {
  const wanted = new Map()
  const used = new Set(['src/admin/icon.svg'])
  for (const source of sources()) {
    const text = readFileSync(join(ROOT, source), 'utf8')
    const linked = withLinks(text, (link) => stagedLink(link, source, (path) => used.add(path)))
    const name = stagedName(source)
    wanted.set(name, source === 'README.md' ? home(linked) : linked)
    if (source !== 'docs/errors.md') continue
    for (const [errorName, page] of errorPages(linked)) wanted.set(errorName, page)
  }
  for (const path of used) {
    if (isPicture(path)) copy(path, join('public', path))
    else wanted.set(`files/${path}.md`, filePage(path))
  }
  for (const [name, text] of wanted) write(name, text)
  for (const name of pagesIn(STAGED)) if (!wanted.has(name)) rmSync(join(STAGED, name))
}

/** Returns the start page: what the README says, below a head with the first steps. */
function home(readme) {
  const [, tagline = ''] = /\*\*(.+?)\*\*/.exec(readme) ?? []
  // The layout `home` of VitePress lacks the element `main`.
  return `---
layout: page
title: withmac
titleTemplate: ${tagline}
hero:
  name: withmac
  text: ${tagline}
  tagline: Your handler knows who signed, that nothing was changed, that it is recent, and that it was never accepted before.
  actions:
    - { theme: brand, text: Getting started, link: /getting-started }
    - { theme: alt, text: All pages, link: /contents }
    - { theme: alt, text: API reference, link: /${REFERENCE}/ }
---

<script setup>
import { VPHomeHero } from 'vitepress/theme'
</script>

<main>
<VPHomeHero />
<div class="home vp-doc">

${readme.replace(/^# .*\n/, '').replace(`**${tagline}** `, '')}

</div>
</main>
`
}

/** Returns a page that shows a file of the repository. */
function filePage(path) {
  const text = readFileSync(join(ROOT, path), 'utf8').trimEnd()
  const language = LANGUAGES.find(([end]) => end.test(path))?.[1] ?? 'txt'
  return `---
title: ${basename(path)}
search: false
prev: false
next: false
---

# ${basename(path)}

\`${path}\`

\`\`\`\`\`${language}
${text}
\`\`\`\`\`
`
}

function write(name, text) {
  const path = join(STAGED, name)
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

function copy(from, name) {
  mkdirSync(dirname(join(STAGED, name)), { recursive: true })
  copyFileSync(join(ROOT, from), join(STAGED, name))
}

function pagesIn(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.md') && !name.startsWith(`${REFERENCE}/`),
  )
}
