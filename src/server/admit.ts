import { callHook } from '../callback.ts'
import { inDevelopment } from '../environment.ts'
import { MacError } from '../errors.ts'
import type { WithMacSettings } from '../options.ts'
import { plain } from '../protocol/terminal-text.ts'
import type {
  AcceptedVerdict,
  MacIdentity,
  MacReport,
  MacVerdict,
  RejectedVerdict,
  Rejection,
} from '../types.ts'
import { consoleLines, shownRequest } from './console-lines.ts'
import { keepOutcome, wasAccepted } from './identity.ts'
import type { Incoming } from './incoming.ts'
import { createReporter, type Reporter } from './report.ts'
import { corsFields, rejectionResponse } from './response.ts'
import { hasRoute } from './route-check.ts'
import { checkScope } from './scope.ts'
import { countVerdict, type Verifier, verify } from './verify.ts'

/** A verdict whose identity is `null` for an anonymous client, if the settings accept one. */
export type Admission = MacVerdict<MacIdentity | null>

const ANONYMOUS: AcceptedVerdict<null> = Object.freeze({
  ok: true,
  identity: null,
  rateLimit: null,
})
const VERIFIED_TWICE =
  'This very Request was verified and accepted before, so it is a replay of itself: there are two of withMac, verify and ' +
  'middleware around one handler. Take one away, and look at the scopes of getMac(request) in the handler.'
const NOT_A_RESPONSE =
  'This is a verdict, not a response. Return, or on Elysia throw, what verdict.response() returns.'
const NOBODY = Object.freeze({ identity: null, error: null })

/**
 * Returns a function that decides on a request under these settings: it verifies the request, counts and
 * reports the verdict, and keeps the outcome of an accepted one for `getMac`. `withMac` and `mac.verify` both
 * use it, so that they cannot differ.
 *
 * It answers in the same turn for an anonymous client.
 */
export function createGate(
  settings: WithMacSettings,
  verifier: Verifier,
): (incoming: Incoming) => Admission | Promise<Admission> {
  const reporter = createReporter(settings, verifier)
  const { allowPreflight, mode } = settings
  return (incoming) => {
    const { request } = incoming
    const needsNoCredential =
      (allowPreflight && isPreflight(request)) || (mode === 'optional' && isUnsigned(request))
    if (!needsNoCredential || !hasRoute(incoming)) {
      return decide(incoming, settings, verifier, reporter)
    }
    keepOutcome(request, NOBODY)
    return ANONYMOUS
  }
}

async function decide(
  incoming: Incoming,
  settings: WithMacSettings,
  verifier: Verifier,
  reporter: Reporter,
): Promise<Admission> {
  const { request } = incoming
  const { scope, onAccept } = settings
  const { publisher } = verifier
  const begun = publisher.begin()
  let verdict = await verify(incoming, settings, verifier)
  if (verdict.ok && scope !== null) verdict = await checkScope(verdict, incoming, scope)
  if (isAnonymous(verdict, settings)) {
    keepOutcome(request, NOBODY)
    return ANONYMOUS
  }
  publisher.end(verdict, begun)
  countVerdict(verdict, verifier)
  if (!verdict.ok) return reject(verdict, incoming, settings, verifier, reporter)
  const { identity } = verdict
  if (onAccept) callHook('onAccept', () => onAccept(identity, request))
  keepOutcome(request, { identity, error: null })
  return verdict
}

/** Reports a rejection. Returns it with its response; or, in the mode `optional`, accepts an anonymous client. */
function reject(
  rejection: Rejection,
  incoming: Incoming,
  settings: WithMacSettings,
  { rejections }: Verifier,
  reporter: Reporter,
): AcceptedVerdict<null> | RejectedVerdict {
  const { request } = incoming
  const { id } = rejection
  const isSecondTime = rejection.error.code === 'ERR_MAC_REPLAY' && wasAccepted(request)
  const error = isSecondTime ? new MacError('ERR_MAC_REPLAY', VERIFIED_TWICE) : rejection.error
  const { mode, debug, cors, problemTypes, onReject } = settings
  const { report, detached, explainKnown } = reporter(incoming, error)
  if (rejections.isWatched) rejections.add(error, detached(), id)
  callHook('onReject', () => (onReject ?? printRejection)(error, request, report))
  // A request for another handler must not reach this one, not even as anonymous.
  if (mode === 'optional' && error.status === 401 && hasRoute(incoming)) {
    keepOutcome(request, { identity: null, error })
    return ANONYMOUS
  }
  const { reference } = report
  return {
    ...rejection,
    error,
    async response() {
      const explanation = debug && error.status === 401 ? await explainKnown() : null
      const fields = corsFields(request, cors)
      return rejectionResponse(rejection, { reference, explanation, problemTypes, cors: fields })
    },
    toJSON: () => verdictJson(error),
  }
}

/** Returns what a rejected verdict is as JSON. */
export function verdictJson(error: MacError): ReturnType<RejectedVerdict['toJSON']> {
  return { ok: false, code: error.told.code, hint: NOT_A_RESPONSE }
}

/** Whether a request without credentials passes. It counts neither as accepted nor as rejected. */
function isAnonymous(
  verdict: AcceptedVerdict | Rejection,
  { mode }: Pick<WithMacSettings, 'mode'>,
): boolean {
  return mode === 'optional' && !verdict.ok && verdict.error.code === 'ERR_MAC_MISSING'
}

function isPreflight(request: Request): boolean {
  return request.method === 'OPTIONS' && hasField(request, 'access-control-request-method') === true
}

/**
 * Whether a request has no credentials of any scheme, as most requests of anonymous callers. They need no
 * verdict: its error alone takes microseconds to create.
 */
function isUnsigned(request: Request): boolean {
  return hasField(request, 'authorization') === false
}

/** Whether a header field is there; `null` if the fields cannot be read. */
function hasField(request: Request, name: string): boolean | null {
  try {
    return request.headers.has(name)
  } catch {
    return null
  }
}

/**
 * The default of `onReject`: prints the failures that the operator must mend, and in development every
 * rejection. The environment is not read before there is something to print.
 */
function printRejection(error: MacError, request: Request, { reference }: MacReport): void {
  const { code, status } = error
  if (status >= 500) {
    console.error(`withmac: ${code} (${reference}): ${plain(error.message)}`, error.cause ?? '')
  } else if (inDevelopment()) {
    const why = error.message === VERIFIED_TWICE ? `: ${VERIFIED_TWICE}` : ''
    consoleLines.print(
      () => `withmac: rejected ${shownRequest(request)}: ${code} (${reference})${why}`,
    )
  }
}
