import { accessSync, constants, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { bad, type Finding, good, note } from './finding.ts'

/** How little free space is worth a word, in bytes. */
const LITTLE_SPACE = 100_000_000
const BESIDE = ['', '-wal', '-shm']

/** What there is to say of a database's file, and of those that SQLite puts beside it. */
export function fileFindings(path: string): Finding[] {
  return [size(path), ...mode(path), ...owner(path), writable(path), ...space(path)]
}

function size(path: string): Finding {
  return good('file', `${path}, ${bytes(statSync(path).size)}`)
}

function there(path: string) {
  return BESIDE.map((end) => path + end).flatMap((name) => {
    const stat = statSync(name, { throwIfNoEntry: false })
    return stat === undefined ? [] : [{ name, stat }]
  })
}

function mode(path: string): Finding[] {
  // Windows has no such modes.
  if (process.platform === 'win32') return []
  const open = there(path).filter(({ stat }) => (stat.mode & 0o077) !== 0)
  if (open.length === 0) return [good('mode', 'for its owner alone')]
  const names = open.map(({ name, stat }) => `${name} (${(stat.mode & 0o777).toString(8)})`)
  return [
    bad(
      'mode',
      `others than its owner can open ${names.join(', ')}, and with it the keys`,
      `chmod 600 ${open.map(({ name }) => name).join(' ')}`,
    ),
  ]
}

function owner(path: string): Finding[] {
  const uid = process.getuid?.()
  if (uid === undefined) return []
  const [main, ...beside] = there(path)
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
  if (main.stat.uid === uid) return [good('owner', 'you')]
  return [
    note(
      'owner',
      `user ${main.stat.uid}, and you are user ${uid}`,
      'run this as the user that the server runs as, to see what the server sees',
    ),
  ]
}

/** SQLite makes files beside the database, so its folder counts as well. */
function writable(path: string): Finding {
  for (const name of [path, dirname(path)]) {
    try {
      accessSync(name, constants.W_OK)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EROFS') {
        const text = `${name} lies on a file system that is mounted read-only`
        return bad('writable', text, 'mount it for writing: each request writes its nonce')
      }
      return bad(
        'writable',
        `you cannot write to ${name}`,
        `give the server's user the right to write there (chown, chmod), or remount what is read-only`,
      )
    }
  }
  return good('writable', 'file and folder')
}

function space(path: string): Finding[] {
  // Not on every runtime, nor for every file system.
  const free = attempt(() => {
    const { bavail, bsize } = statfsSync(dirname(path))
    return bavail * bsize
  })
  if (free === null || !(free > 0)) return []
  if (free >= LITTLE_SPACE) return [good('disk', `${bytes(free)} free`)]
  return [
    bad('disk', `only ${bytes(free)} free: a full disk refuses every request`, 'make room on it'),
  ]
}

function attempt<Result>(work: () => Result): Result | null {
  try {
    return work()
  } catch {
    return null
  }
}

function bytes(count: number): string {
  if (count < 1000) return `${count} bytes`
  for (const [size, name] of [
    [1e9, 'GB'],
    [1e6, 'MB'],
  ] as const) {
    if (count >= size) return `${(count / size).toFixed(1)} ${name}`
  }
  return `${(count / 1e3).toFixed(1)} kB`
}
