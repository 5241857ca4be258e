import { userInfo } from 'node:os'
import { isPermitted } from '../environment.ts'

/** The store takes no longer names of actors than 256 characters. */
const MOST_CHARACTERS = 200
/** What Bun says if the variable USER is not set. */
const UNKNOWN = 'unknown'

/**
 * Returns who runs this command, for the history of credentials: `cli:ada`. It is the user's name, as the
 * runtime tells it, otherwise the number of the user. It is *not* a proof: Bun reads it from a variable.
 */
export function operator(): string {
  return `cli:${userName().slice(0, MOST_CHARACTERS)}`
}

function userName(): string {
  // Deno would ask at the terminal.
  if (!isPermitted({ name: 'sys', kind: 'uid' }) || !isPermitted({ name: 'sys', kind: 'gid' })) {
    return UNKNOWN
  }
  try {
    const { username } = userInfo()
    if (username !== UNKNOWN) return username
  } catch {
    // The user has no entry in the system's list, as in some containers.
  }
  return String(process.getuid?.() ?? UNKNOWN)
}
