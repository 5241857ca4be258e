import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Block, ROOT } from './pages.ts'

const FOLDER = join(ROOT, 'test/frameworks')
/** Not the folders that a build makes. */
const SOURCE = /^(?!.*(?:node_modules|[\\/]\.|[\\/](?:build|dist)[\\/])).*\.(?:ts|tsx|mjs)$/

const files: ReadonlySet<string> = new Set(
  readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => SOURCE.test(name))
    .map((name) => readFileSync(join(FOLDER, name), 'utf8')),
)

/** Whether a block is a whole file of an application in `test/frameworks`, which builds and runs it. */
export function isFrameworkFile({ code }: Block): boolean {
  return files.has(code)
}
