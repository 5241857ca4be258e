import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Finds a program in the path, or in the folders of PostgreSQL on Debian.
 * @throws Error that says what to install.
 */
export function program(name: string, debianPackage: string): string {
  const found = findProgram(name)
  if (found !== null) return found
  throw new Error(`${name} is missing, and this test needs it: apt-get install ${debianPackage}`)
}

/** Finds a program as {@link program} does, or returns `null`. */
export function findProgram(name: string): string | null {
  const places = (process.env.PATH ?? '').split(delimiter)
  return (
    [...places, '/usr/sbin', ...postgresqlFolders()]
      .map((folder) => join(folder, name))
      .find((path) => existsSync(path)) ?? null
  )
}

function postgresqlFolders(): string[] {
  const root = '/usr/lib/postgresql'
  if (!existsSync(root)) return []
  const versions = readdirSync(root).sort((one, other) => Number(other) - Number(one))
  return versions.map((version) => join(root, version, 'bin'))
}
