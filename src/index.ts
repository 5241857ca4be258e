export {
  close,
  createCredential,
  createMac,
  credentialHistory,
  deleteCredential,
  disableCredential,
  enableCredential,
  extendCredential,
  getCredential,
  listCredentials,
  prune,
  ready,
  reseal,
  resetClockOffset,
  revokeCredential,
  rotateCredential,
  routes,
  updateCredential,
  verify,
  withMac,
} from './create-mac.ts'
export type { CredentialChanges, CredentialEvent, HistoryFilter } from './credentials/change.ts'
export type { CreateOptions } from './credentials/create.ts'
export type { Credential, KeptCredential, NewCredential, OldKey } from './credentials/credential.ts'
export type { RotateOptions } from './credentials/rotate.ts'
export type { User } from './credentials/validate.ts'
export type { MacMessages } from './diagnostics.ts'
export { MAC_CHANNELS, type MacChannel } from './diagnostics.ts'
export type { MacErrorCode } from './error-codes.ts'
export { MacError, type ToldError } from './errors.ts'
export type {
  Cause,
  ExplainedLine,
  ExplainSettings,
  Explanation,
  Mistake,
  SeenRequest,
} from './explain/explanation.ts'
export type { RateLimitOptions } from './limits/limits.ts'
export type { RateLimitStore } from './limits/shared-counter.ts'
export type { CreateCredential, Mac, Verify, Wrapped } from './mac.ts'
export type {
  CheckOptions,
  MacOptions,
  OriginOption,
  SealingKeys,
  VerifyOptions,
  WithMacOptions,
} from './options.ts'
export type { MacAlgorithm } from './protocol/signature.ts'
export { getMac, getMacError } from './server/identity.ts'
export type { FirstArgument, RequestSource } from './server/request-of.ts'
export type {
  RouteEntries,
  RouteHandler,
  RouteParams,
  RouteRequest,
  RouteServer,
  Routes,
} from './server/routes.ts'
export type { Handler } from './server/with-mac.ts'
export type {
  AcceptedVerdict,
  AuditAction,
  MacIdentity,
  MacReport,
  MacVerdict,
  NodeRequest,
  RateLimit,
  RateLimitFields,
  RejectedVerdict,
  Resealed,
  ResealOptions,
  ResealProgress,
  ScopeDemand,
  ScopeOption,
  VerifiedTarget,
} from './types.ts'
