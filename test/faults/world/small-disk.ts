import { mkdirSync } from 'node:fs'
import { cleanupLater } from '../cleanup.ts'

/** In megabytes. Enough for the database of a world, and quick to fill. */
const SIZE = 96

/** Mounts a separate file system in memory. Needs the rights of root. */
export function mountSmallDisk(path: string): void {
  mkdirSync(path)
  run('mount', '-t', 'tmpfs', '-o', `size=${SIZE}m`, 'tmpfs', path)
  cleanupLater(() => run('umount', path))
}

function run(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command)
  if (exitCode === 0) return
  throw new Error(
    `${command.join(' ')}: ${stderr}The fault "disk full" needs the rights of root; ` +
      'leave it out with --without=disk-full.',
  )
}
