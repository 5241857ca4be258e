import { clearTimeout, setTimeout } from 'node:timers'

/**
 * Waits for `work`, but at most so many milliseconds. If the time is over, it throws; the work itself is
 * *not* stopped.
 *
 * @param late Returns the error to throw if the time is over.
 */
export async function before<Result>(
  milliseconds: number,
  work: Promise<Result>,
  late: () => Error,
): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<never>((_, reject) => {
    // Node warns of a negative time.
    timer = setTimeout(() => reject(late()), Math.max(0, milliseconds))
  })
  try {
    return await Promise.race([work, over])
  } finally {
    clearTimeout(timer)
  }
}
