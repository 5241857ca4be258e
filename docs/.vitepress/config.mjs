import { drawDiagrams } from './stage/diagrams.mjs'
import { anchorOf } from './stage/markdown.mjs'
import { referenceSidebars, sidebar } from './stage/sidebar.mjs'
import { changeTables } from './stage/tables.mjs'

const base = process.env.DOCS_BASE || '/'
if (!/^\/(?:.*\/)?$/.test(base)) {
  throw new Error(`DOCS_BASE must be a path such as /withmac/, not ${base}`)
}

export default {
  title: 'withmac',
  description: 'HTTP MAC request signatures for any Fetch handler',
  lang: 'en',
  base,
  srcDir: '.vitepress/staged',
  outDir: process.env.DOCS_OUT || '.vitepress/dist',
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}src/admin/icon.svg` }]],
  // The index of the search is large, and is loaded with the first search.
  vite: { build: { chunkSizeWarningLimit: 4000 } },
  markdown: {
    anchor: { slugify: anchorOf },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config(markdown) {
      drawDiagrams(markdown)
      changeTables(markdown)
    },
  },
  themeConfig: {
    logo: { src: '/src/admin/icon.svg', alt: '' },
    nav: [
      { text: 'Guide', link: '/getting-started', activeMatch: '^/(?!api/|errors/|changelog)' },
      { text: 'Error codes', link: '/errors/', activeMatch: '^/errors/' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
      { text: 'Changes', link: '/changelog' },
    ],
    sidebar: { ...referenceSidebars(), '/': sidebar() },
    outline: [2, 3],
    search: { provider: 'local' },
    externalLinkIcon: true,
  },
}
