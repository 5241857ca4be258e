// For the scripts that bundle other packages into `dist`.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const ROOT = join(import.meta.dirname, '..')

/** Returns the licences of all packages in a bundle, as a text to put beside it. */
export function thirdParty(bundle, metafile) {
  const packages = new Set(Object.keys(metafile.inputs).map(packageOf).filter(Boolean))
  const licences = [...packages].sort().map(licenceOf)
  return `${bundle} contains parts of these packages.\n\n${licences.join('\n')}`
}

/** Returns the folder of the package that a file belongs to; `null` if it is our own. */
function packageOf(file) {
  const path = file.replaceAll('\\', '/')
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? null
}

function licenceOf(folder) {
  const at = existsSync(folder) ? folder : join(ROOT, folder)
  const { name, version, license } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'))
  const file = readdirSync(at).find((each) => /^licen[cs]e/i.test(each))
  if (file === undefined) throw new Error(`${relative(ROOT, dirname(at))}: ${name} has no licence`)
  const text = readFileSync(join(at, file), 'utf8').trim()
  return `${'-'.repeat(72)}\n${name} ${version}, ${license}\n\n${text}\n`
}
