import { mkdirSync } from 'node:fs'
import { cleanupLater } from '../cleanup.ts'

/** In megabytes: room for the database of a world, and filled in no time. */
const SIZE = 96

/** A file system of its own in memory, which takes the superuser's rights to mount. */
export function mountSmallDisk(path: string): void {
  mkdirSync(path)
  run('mount', '-t', 'tmpfs', '-o', `size=${SIZE}m`, 'tmpfs', path)
  cleanupLater(() => run('umount', path))
}

function run(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command)
  if (exitCode === 0) return
  throw new Error(
    `${command.join(' ')}: ${stderr}The fault "disk full" needs the superuser's rights; ` +
      'leave it out with --without=disk-full.',
  )
}
