import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Writes a small site with each kind of broken link. @returns Its folder, its path, and what must be reported. */
export function brokenSite() {
  const path = mkdtempSync(join(tmpdir(), 'withmac-site-'))
  const remove = () => rmSync(path, { recursive: true })
  mkdirSync(join(path, 'a'))
  writeFileSync(
    join(path, 'index.html'),
    `<a href="/docs/a/#here">good</a> <a href="a/index.html">good</a> <a href="https://other.example">other</a>
     <a href="/docs/a/#nowhere">bad</a> <a href="/docs/a">bad</a> <a href="/a/">bad</a> <a href="#b&amp;c">bad</a>
     <img src="/docs/a.png">`,
  )
  writeFileSync(join(path, 'a/index.html'), '<h1 id="here"></h1> <a href="../#x">bad</a>')
  const faults = [
    'a/index.html: ../#x leads to no heading',
    'index.html: #b&c leads to no heading',
    'index.html: /a/ is not below /docs/',
    'index.html: /docs/a leads to no file',
    'index.html: /docs/a.png leads to no file',
    'index.html: /docs/a/#nowhere leads to no heading',
  ]
  return { path, base: '/docs/', remove, faults }
}
