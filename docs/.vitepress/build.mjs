// Builds the site into `dist`. A link that leads nowhere is an error.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vitepress'
import { checkLinks } from './check-links.mjs'
import { writeReference } from './stage/reference.mjs'
import { REFERENCE, STAGED, stage } from './stage/stage.mjs'

rmSync(STAGED, { recursive: true, force: true })
stage()
await writeReference(join(STAGED, REFERENCE))
const outDir = process.env.DOCS_OUT || join(import.meta.dirname, 'dist')
await build(join(import.meta.dirname, '..'))
const { count, pages, faults } = checkLinks(outDir, process.env.DOCS_BASE || '/')
if (faults.length > 0) throw new Error(`${faults.length} links lead nowhere:\n${faults.join('\n')}`)
console.log(`The site is in ${outDir}: ${pages} pages, ${count} links.`)
