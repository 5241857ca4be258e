/** A function of `withmac/client` that takes options, or an object that is passed to one. */
export type ClientTaker =
  | 'signRequest'
  | 'signHeaders'
  | 'the request of signHeaders'
  | 'createMacFetch'
  | 'createTokenFetch'

const SIGNING = ['ext', 'body', 'now', 'clockOffset', 'nonce']

/** The options of each function. `createTokenFetch` takes those of `createMacFetch` as well. */
export const CLIENT_OPTIONS: Readonly<Record<ClientTaker, readonly string[]>> = {
  signRequest: SIGNING,
  signHeaders: ['now', 'clockOffset', 'nonce'],
  'the request of signHeaders': ['method', 'url', 'target', 'ext', 'body'],
  createMacFetch: [...SIGNING, 'fetch', 'maxRedirects', 'trustPlainHttp'],
  createTokenFetch: [
    ...['tokenEndpoint', 'clientId', 'clientSecret', 'scope', 'authentication'],
    ...['renewBeforeSeconds', 'timeoutSeconds'],
  ],
}
