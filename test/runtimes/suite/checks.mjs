/** What the suite found, for the last line that it prints. */
export const result = { passed: 0, failures: [], notes: [] }

let part = ''

/** Names what follows. */
export function begin(name) {
  part = name
}

/** Counts a check; a failed one is kept with what was expected, and the rest goes on. */
export function check(what, got, wanted) {
  const [shown, expected] = [JSON.stringify(got), JSON.stringify(wanted)]
  if (shown === expected) result.passed++
  else result.failures.push(`${part}: ${what}: expected ${expected}, got ${shown}`)
}

/** Something to tell in the output that is no failure. */
export function note(text) {
  result.notes.push(text)
}

/** Runs a part; what it throws is a failure. */
export async function attempt(name, work) {
  begin(name)
  try {
    await work()
  } catch (error) {
    result.failures.push(`${name}: ${error?.stack ?? error}`)
  }
}
