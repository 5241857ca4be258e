import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Makes an empty folder. It is removed at the end of its scope: `using folder = temporaryFolder()`. */
export function temporaryFolder(): { path(name: string): string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'withmac-test-'))
  return {
    path: (name) => join(folder, name),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
