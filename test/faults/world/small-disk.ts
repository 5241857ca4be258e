import { appendFileSync, mkdirSync } from 'node:fs'
import { cleanupLater } from '../cleanup.ts'

/** In megabytes. Enough for the database of a world, and quick to fill. */
const SIZE = 96

/**
 * Mounts a separate file system in memory. Needs the rights of root.
 * @returns A function that removes it. It is called at the end of the run in any case.
 */
export function mountSmallDisk(path: string, megabytes: number = SIZE): () => void {
  mkdirSync(path)
  run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path)
  let isMounted = true
  const remove = () => {
    if (isMounted) run('umount', path)
    isMounted = false
  }
  cleanupLater(remove)
  return remove
}

/** Writes a file until the disk is full. */
export function fillDisk(path: string): void {
  for (const size of [1 << 20, 4096, 1]) {
    const piece = new Uint8Array(size)
    try {
      for (;;) appendFileSync(path, piece)
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOSPC') throw error
    }
  }
}

function run(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command)
  if (exitCode === 0) return
  throw new Error(
    `${command.join(' ')}: ${stderr}The fault "disk full" needs the rights of root; ` +
      'leave it out with --without.',
  )
}
