import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..')

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
  for (const mistake of mistakes) writeFileSync(join(copy, mistake.file), textWith(mistake, copy))
  return copy
}

/**
 * Returns the text of a file with a mistake.
 * @param folder The folder of the code.
 * @throws Error if the file does not have the right text exactly once.
 */
export function textWith({ name, file, right, wrong }: Mistake, folder: string = SOURCE): string {
  const text = readFileSync(join(folder, file), 'utf8')
  if (text.split(right).length === 2) return text.replace(right, () => wrong)
  throw new Error(`"${name}" does not fit ${file} any more: ${right}`)
}
