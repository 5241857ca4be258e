import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

/** Reads from the documentation what it says to run, install and permit. */

const text = ['README.md', 'docs/getting-started.md']
  .map((name) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'))
  .join('\n')
const blocks = [...text.matchAll(/```(?:js|ts|json)\n(.*?)```/gs)].map(([, code]) => code)

/** Returns the only example that contains a text, with port 0. */
export function example(holds) {
  const found = blocks.filter((block) => block.includes(holds))
  assert.equal(found.length, 1, `the documentation has one example with ${holds}`)
  return found[0].replace(/port: \d+/, 'port: 0')
}

/** Returns the packages of the first install line after the text `before`. */
export function packagesOf(before) {
  const [, packages] = /npm install ((?:[\w@./-]+ ?)+)/.exec(text.slice(text.indexOf(before))) ?? []
  assert.ok(packages, `the documentation says what to install after "${before}"`)
  return packages.trim().split(' ')
}

/** Returns the permissions that the documentation gives Deno. */
export function denoPermissions() {
  const [, line] = /deno run (--allow\S+(?: --allow\S+)*) server\.mjs/.exec(text) ?? []
  assert.ok(line, 'the documentation states the permissions for Deno')
  return line.split(' ')
}
