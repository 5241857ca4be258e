let result = { passed: 0, failures: [] }
let part = ''

/** @returns The results since the last call. */
export function takeResult() {
  const taken = result
  result = { passed: 0, failures: [] }
  return taken
}

/** Counts a check. If it fails, keeps the expected value for the output. Does not throw. */
export function check(what, got, wanted) {
  const [shown, expected] = [JSON.stringify(got), JSON.stringify(wanted)]
  if (shown === expected) result.passed++
  else result.failures.push(`${part}: ${what}: expected ${expected}, got ${shown}`)
}

/** Runs a part of the suite. An exception counts as a failure. */
export async function attempt(name, work) {
  part = name
  try {
    await work()
  } catch (error) {
    result.failures.push(`${name}: ${error?.stack ?? error}`)
  }
}

/** @returns The outcome of a request: 200, or the status and the code of the rejection. */
export async function outcome(sending) {
  const response = await sending
  const text = await response.text()
  if (response.status === 200) return 200
  const code = /"code":"([A-Z_]+)"/.exec(text)?.[1] ?? text
  return `${response.status} ${code}`
}

/** @returns The code of the error that a promise rejects with. */
export async function codeOf(sending) {
  return sending.then(
    ({ status }) => `answered ${status}`,
    (error) => error.code,
  )
}
