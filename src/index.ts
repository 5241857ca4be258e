export { createMac } from './create-mac.ts'
export type { CredentialChanges, CredentialEvent, HistoryFilter } from './credentials/change.ts'
export type { CreateOptions } from './credentials/create.ts'
export type { Credential, KeptCredential, NewCredential, OldKey } from './credentials/credential.ts'
export type { RotateOptions } from './credentials/rotate.ts'
export type { User } from './credentials/validate.ts'
export {
  createCredential,
  deleteCredential,
  disableCredential,
  enableCredential,
  extendCredential,
  getCredential,
  listCredentials,
  revokeCredential,
  rotateCredential,
  routes,
  updateCredential,
  withMac,
} from './default-mac.ts'
export { MAC_CHANNELS, type MacChannel } from './diagnostics/channels.ts'
export type { MacMessages } from './diagnostics/messages.ts'
export { MacError, type MacErrorCode, type ToldError } from './errors.ts'
export type {
  ExplainedLine,
  ExplainSettings,
  Explanation,
  Mistake,
  SeenRequest,
} from './explain/explanation.ts'
export type { RateLimitStore } from './limits/shared-counter.ts'
export type { CreateCredential, Mac } from './mac.ts'
export type {
  CheckOptions,
  MacOptions,
  OriginOption,
  RateLimitOptions,
  SealingKeys,
  WithMacOptions,
} from './options.ts'
export type { MacAlgorithm } from './protocol/signature.ts'
export { getMac, getMacError, type MacIdentity } from './server/identity.ts'
export type { NodeRequest } from './server/raw-target.ts'
export type { MacReport } from './server/report.ts'
export type { FirstArgument } from './server/request-of.ts'
export type {
  RouteEntries,
  RouteHandler,
  RouteParams,
  RouteRequest,
  RouteServer,
  Routes,
} from './server/routes.ts'
export type { ScopeDemand, ScopeOption } from './server/scope.ts'
export type { MacVerdict } from './server/verdict.ts'
export type { VerifiedTarget } from './server/verified-target.ts'
export type { Handler } from './server/with-mac.ts'
export type {
  AuditAction,
  RateLimit,
  RateLimitFields,
  Resealed,
  ResealOptions,
  ResealProgress,
} from './types.ts'
