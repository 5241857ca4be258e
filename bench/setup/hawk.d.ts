declare module 'hawk' {
  interface Credentials {
    readonly id?: string
    readonly key: string
    readonly algorithm: 'sha256' | 'sha1'
  }

  /** The part of a request of node:http that Hawk reads. */
  interface NodeRequest {
    readonly method?: string | undefined
    readonly url?: string | undefined
    readonly headers: { readonly [name: string]: string | string[] | undefined }
    readonly connection?: unknown
  }

  export const client: {
    header(
      uri: string,
      method: string,
      options: { credentials: Credentials; timestamp?: number; nonce?: string },
    ): { header: string }
  }

  export const server: {
    authenticate(
      request: NodeRequest,
      credentials: (id: string) => Promise<Credentials | null>,
      options?: {
        timestampSkewSec?: number
        nonceFunc?: (key: string, nonce: string, ts: string) => Promise<void>
      },
    ): Promise<unknown>
  }

  const hawk: { client: typeof client; server: typeof server }
  export default hawk
}
