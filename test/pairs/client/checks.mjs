let result = { passed: 0, failures: [] }
let part = ''

/** What was found since it was last asked for. */
export function takeResult() {
  const taken = result
  result = { passed: 0, failures: [] }
  return taken
}

/** Counts a check; a failed one is kept with what was expected, and the rest goes on. */
export function check(what, got, wanted) {
  const [shown, expected] = [JSON.stringify(got), JSON.stringify(wanted)]
  if (shown === expected) result.passed++
  else result.failures.push(`${part}: ${what}: expected ${expected}, got ${shown}`)
}

/** Runs a part; what it throws is a failure. */
export async function attempt(name, work) {
  part = name
  try {
    await work()
  } catch (error) {
    result.failures.push(`${name}: ${error?.stack ?? error}`)
  }
}

/** What became of a request: the status, and the code of a refusal. */
export async function outcome(sending) {
  const response = await sending
  const text = await response.text()
  if (response.status === 200) return 200
  const code = /"code":"([A-Z_]+)"/.exec(text)?.[1] ?? text
  return `${response.status} ${code}`
}

/** The code of the error that a promise rejects with. */
export async function codeOf(sending) {
  return sending.then(
    ({ status }) => `answered ${status}`,
    (error) => error.code,
  )
}
