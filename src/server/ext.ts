import { MacError } from '../errors.ts'
import type { CheckSettings } from '../settings.ts'
import { verifyBody } from './body.ts'
import type { VerifiedTarget } from './verified-target.ts'

/** What was found of an `ext` parameter. */
export interface JudgedExt {
  /** The application's own part of it. */
  readonly ext: string | null
  /** Whether a digest in it is that of the body. */
  readonly bodyVerified: boolean
}

/**
 * Judges the `ext` of a request whose MAC was found right: first the body by the digest in it, where
 * the option `body` asks for that, then the application's part by the function given as `ext`.
 *
 * @param target For that function.
 * @returns A {@link MacError} where one of the two refuses.
 */
export async function judgeExt(
  request: Request,
  sent: string | null,
  check: CheckSettings,
  target: VerifiedTarget | null,
): Promise<JudgedExt | MacError> {
  try {
    const { ext, verified } =
      check.body === 'ignore'
        ? { ext: sent, verified: false }
        : await verifyBody(request, sent, check)
    if (check.ext && target && !(await askJudge(ext, request, target, check.ext))) {
      return new MacError('ERR_MAC_EXT')
    }
    return { ext, bodyVerified: verified }
  } catch (error) {
    if (error instanceof MacError) return error
    throw error
  }
}

async function askJudge(
  ext: string | null,
  request: Request,
  target: VerifiedTarget,
  judge: NonNullable<CheckSettings['ext']>,
): Promise<boolean> {
  try {
    return (await judge(ext, request, target)) === true
  } catch (cause) {
    throw new MacError('ERR_MAC_CALLBACK', 'The function given as ext failed.', { cause })
  }
}
