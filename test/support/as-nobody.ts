/** The user and group `nobody` of Debian. */
export const NOBODY = 65_534

/** The words before a command that run it without the rights of root. */
export const AS_NOBODY: readonly string[] =
  process.getuid?.() === 0
    ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
    : []
