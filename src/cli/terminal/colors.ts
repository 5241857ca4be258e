import picocolors from 'picocolors'

export type Colors = ReturnType<typeof picocolors.createColors>

/**
 * Colours on a terminal alone. `NO_COLOR` keeps them away and `FORCE_COLOR` brings them everywhere,
 * each where it is set and not empty; `FORCE_COLOR=0` keeps them away as well.
 */
export function createColors(stream: { readonly isTTY?: boolean }): Colors {
  return picocolors.createColors(wanted(stream, process.env))
}

function wanted(
  { isTTY }: { readonly isTTY?: boolean },
  { NO_COLOR, FORCE_COLOR, TERM }: NodeJS.ProcessEnv,
): boolean {
  if (NO_COLOR) return false
  if (FORCE_COLOR) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return isTTY === true && TERM !== 'dumb'
}
