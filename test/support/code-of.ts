/** @returns The code of the error that `work` rejects with, its text if it has none, or `none`. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (error) => error.code ?? `${error.name}: ${error.message}`,
  )
}
