import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dir, '../..')

/** The folder of the library's code. */
export const SOURCE: string = join(ROOT, 'src')

/** A mistake to put into the library's code: the right text of a file, and the wrong text. */
export interface Mistake {
  readonly name: string
  readonly file: string
  readonly right: string
  readonly wrong: string
}

/**
 * Copies the library's code with mistakes. The copy is removed when the program ends.
 * @returns The folder of the copy.
 */
export function copyWith(mistakes: readonly Mistake[]): string {
  // Next to node_modules, so that imports of packages work.
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
