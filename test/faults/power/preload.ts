import { basename, join } from 'node:path'

/** Compiles a library that is loaded into a process before the C library. Needs a C compiler. */
export function buildPreload(source: string, folder: string): string {
  const library = join(folder, `${basename(source, '.c')}.so`)
  const flags = ['-shared', '-fPIC', '-O1', '-o', library]
  const { exitCode, stderr } = Bun.spawnSync(['cc', ...flags, join(import.meta.dir, source)])
  if (exitCode !== 0) throw new Error(`cc: ${stderr}Power cuts need a C compiler.`)
  return library
}
