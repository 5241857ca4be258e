import { clearTimeout, setTimeout } from 'node:timers'

/**
 * What some work comes to, unless it takes longer; the work itself goes on.
 *
 * @param late Gives what is thrown then.
 */
export async function before<Result>(
  milliseconds: number,
  work: Promise<Result>,
  late: () => Error,
): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), milliseconds)
  })
  try {
    return await Promise.race([work, over])
  } finally {
    clearTimeout(timer)
  }
}
