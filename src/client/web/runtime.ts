import type * as OnServers from '../runtime.ts'

// Browsers and Workers send the target that the URL standard says, and the method as it is.
export const changeOfTarget: typeof OnServers.changeOfTarget = () => null
export const changeOfMethod: typeof OnServers.changeOfMethod = () => null

/** Returns the URL that `fetch` resolves relative URLs against: that of the page or of the worker, if there is one. */
export const baseUrl: typeof OnServers.baseUrl = () =>
  globalThis.document?.baseURI ?? globalThis.location?.href
