/** The code that some work fails with, or what it throws in words; `none` where it does not. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (error) => error.code ?? `${error.name}: ${error.message}`,
  )
}
