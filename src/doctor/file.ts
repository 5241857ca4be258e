import { accessSync, constants, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { bad, type Finding, good, note } from './finding.ts'

/** Less free space than this is a problem, in bytes. */
const LITTLE_SPACE = 100_000_000
const SUFFIXES = ['', '-wal', '-shm']

/** Checks the file of the database, and the two files that SQLite creates next to it. */
export function fileFindings(path: string): Finding[] {
  return [size(path), ...mode(path), ...owner(path), writable(path), ...space(path)]
}

function size(path: string): Finding {
  return good('file', `${path}, ${bytes(statSync(path).size)}`)
}

function existingFiles(path: string) {
  return SUFFIXES.map((end) => path + end).flatMap((name) => {
    const stat = statSync(name, { throwIfNoEntry: false })
    return stat === undefined ? [] : [{ name, stat }]
  })
}

function mode(path: string): Finding[] {
  // Windows has no such modes.
  if (process.platform === 'win32') return []
  const open = existingFiles(path).filter(({ stat }) => (stat.mode & 0o077) !== 0)
  if (open.length === 0) return [good('mode', 'only for its owner')]
  const names = open.map(({ name, stat }) => `${name} (${(stat.mode & 0o777).toString(8)})`)
  return [
    bad(
      'mode',
      `other users can open ${names.join(', ')}, and so the keys`,
      `chmod 600 ${open.map(({ name }) => name).join(' ')}`,
    ),
  ]
}

function owner(path: string): Finding[] {
  const uid = process.getuid?.()
  if (uid === undefined) return []
  const [main, ...beside] = existingFiles(path)
  if (main === undefined) return []
  const strange = beside.find(({ stat }) => stat.uid !== main.stat.uid)
  if (strange !== undefined) {
    return [
      bad(
        'owner',
        `${path} belongs to user ${main.stat.uid} and ${strange.name} to user ${strange.stat.uid}`,
        `chown ${main.stat.uid} ${strange.name}`,
      ),
    ]
  }
  if (main.stat.uid === uid) return [good('owner', 'the user of this process')]
  return [
    note(
      'owner',
      `user ${main.stat.uid}, but this process is of user ${uid}`,
      'check it as the user that runs the server, to see what the server sees',
    ),
  ]
}

/** Checks that file and folder are writable: SQLite creates files next to the database. */
function writable(path: string): Finding {
  for (const name of [path, dirname(path)]) {
    try {
      accessSync(name, constants.W_OK)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EROFS') {
        const text = `${name} is on a file system that is mounted read-only`
        return bad('writable', text, 'mount it writable: each request writes its nonce')
      }
      return bad(
        'writable',
        `this user cannot write to ${name}`,
        `allow the user that runs the server to write there (chown, chmod)`,
      )
    }
  }
  return good('writable', 'file and folder')
}

function space(path: string): Finding[] {
  // Not every runtime and file system reports free space.
  const free = attempt(() => {
    const { bavail, bsize } = statfsSync(dirname(path))
    return bavail * bsize
  })
  if (free === null || !(free > 0)) return []
  if (free >= LITTLE_SPACE) return [good('disk', `${bytes(free)} free`)]
  return [
    bad(
      'disk',
      `only ${bytes(free)} free; if the disk is full, every request gets a 503`,
      'free some space',
    ),
  ]
}

function attempt<Result>(work: () => Result): Result | null {
  try {
    return work()
  } catch {
    return null
  }
}

/** Formats a number of bytes: `1.2 MB`. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} bytes`
  for (const [size, name] of [
    [1e9, 'GB'],
    [1e6, 'MB'],
  ] as const) {
    if (count >= size) return `${(count / size).toFixed(1)} ${name}`
  }
  return `${(count / 1e3).toFixed(1)} kB`
}
