/** The results of the suite, for its last line. */
export const result = { passed: 0, failures: [], notes: [] }

let part = ''

/** Names the part of the checks that follow. */
export function begin(name) {
  part = name
}

/** Counts a check. If it fails, keeps the expected value for the output. Does not throw. */
export function check(what, got, wanted) {
  const [shown, expected] = [JSON.stringify(got), JSON.stringify(wanted)]
  if (shown === expected) result.passed++
  else result.failures.push(`${part}: ${what}: expected ${expected}, got ${shown}`)
}

/** Adds a line to the output that is not a failure. */
export function note(text) {
  result.notes.push(text)
}

/** Runs a part of the suite. An exception counts as a failure. */
export async function attempt(name, work) {
  begin(name)
  try {
    await work()
  } catch (error) {
    result.failures.push(`${name}: ${error?.stack ?? error}`)
  }
}
