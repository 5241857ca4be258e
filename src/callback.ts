import { before } from './deadline.ts'
import { MacError } from './errors.ts'
import { plain } from './protocol/terminal-text.ts'

const A_WEEK_IN_MS = 604_800_000

/**
 * Calls a function of the application that must answer at once, and reads its result.
 *
 * @param name The option by which the function was given.
 * @param read Checks the result. What it throws counts as a failure of the function.
 * @throws {@link MacError} `ERR_MAC_CALLBACK`, with the cause, if the function throws, returns a promise, or
 *   returns something that `read` rejects.
 */
export function callSync<Result>(
  name: string,
  call: () => unknown,
  read: (result: unknown) => Result,
): Result {
  try {
    const result = call()
    if (!(result instanceof Promise)) return read(result)
    // Nobody awaits this promise: without a listener its failure would end the process.
    result.catch(() => {})
    throw new TypeError('it must answer at once, and gave a promise')
  } catch (cause) {
    throw failed(name, cause)
  }
}

/**
 * Calls a function of the application that may return a promise, and reads its result.
 *
 * @param deadline How long the function may take, in milliseconds. After that it has failed, and its result is
 *   ignored. By default it may take any time.
 * @throws {@link MacError} `ERR_MAC_CALLBACK` as {@link callSync} does.
 */
export async function callAsync<Result>(
  name: string,
  call: () => unknown,
  read: (result: unknown) => Result,
  deadline?: number,
): Promise<Result> {
  try {
    if (deadline === undefined) return read(await call())
    const late = () => new Error(`it did not answer within ${deadline / 1000} seconds`)
    const work = async () => call()
    return read(await before(deadline, work(), late))
  } catch (cause) {
    throw failed(name, cause)
  }
}

function failed(name: string, cause: unknown): MacError {
  const message = `The function given as ${name} failed${reasonOf(cause)}`
  return new MacError('ERR_MAC_CALLBACK', message, { cause })
}

/** Anything can be thrown, also an object that cannot be made a string. */
function reasonOf(cause: unknown): string {
  try {
    return `: ${cause instanceof Error ? cause.message : String(cause)}`
  } catch {
    return '.'
  }
}

/** Calls a hook, such as `onAccept`. If it fails, the error is printed, and no verdict changes. */
export function callHook(name: string, hook: () => unknown): void {
  const show = (error: unknown) => console.error(`withmac: the hook ${name} failed:`, error)
  try {
    const result = hook()
    if (result instanceof Promise) result.catch(show)
  } catch (error) {
    show(error)
  }
}

/**
 * Returns a function that prints an error for the operator: the default of `onError`.
 *
 * @param what What has failed, such as `the token endpoint`.
 */
export function errorPrinter(what: string): (error: MacError) => void {
  return ({ code, message, cause = '' }) =>
    console.error(`withmac: ${what} failed: ${code}: ${plain(message)}`, cause)
}

/** The system's clock, in seconds since 1970. */
export function systemClock(): number {
  return Date.now() / 1000
}

/**
 * Returns the time of the server's clock, in whole seconds since 1970.
 *
 * @throws {@link MacError} `ERR_MAC_CALLBACK` if the function given as `now` fails.
 */
export function currentSeconds(now: () => number): number {
  return Math.floor(exactSeconds(now))
}

/**
 * Returns the time of the server's clock, in seconds since 1970 with their fraction.
 *
 * @throws {@link MacError} `ERR_MAC_CALLBACK` if the function given as `now` fails.
 */
export function exactSeconds(now: () => number): number {
  return now === systemClock ? systemClock() : callSync('now', now, readSeconds)
}

function readSeconds(seconds: unknown): number {
  if (typeof seconds === 'number' && Number.isSafeInteger(Math.floor(seconds))) {
    if (Math.abs(seconds - Date.now()) >= A_WEEK_IN_MS) return seconds
    throw new TypeError('it returned milliseconds; Date.now() / 1000 is in seconds')
  }
  throw new TypeError('it must return a number of seconds')
}
