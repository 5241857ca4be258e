import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dir, '../..')

/** Where the library's code is. */
export const SOURCE: string = join(ROOT, 'src')

/** A mistake in the library's code: what stands there, and what stands there with the mistake. */
export interface Mistake {
  readonly name: string
  readonly file: string
  readonly right: string
  readonly wrong: string
}

/**
 * Copies the library's code and puts mistakes in. The copy is there until the program ends.
 * @returns Where it is.
 */
export function copyWith(mistakes: readonly Mistake[]): string {
  // Beside node_modules, where its packages are found.
  const copy = mkdtempSync(join(ROOT, '.model-'))
  process.on('exit', () => rmSync(copy, { recursive: true, force: true }))
  cpSync(SOURCE, copy, { recursive: true })
  for (const { name, file, right, wrong } of mistakes) {
    const path = join(copy, file)
    const text = readFileSync(path, 'utf8')
    if (text.split(right).length !== 2) throw new Error(`"${name}" fits ${file} no more: ${right}`)
    writeFileSync(
      path,
      text.replace(right, () => wrong),
    )
  }
  return copy
}
