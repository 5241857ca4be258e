import { createHmac, randomUUID } from 'node:crypto'

/** A credential to sign with: the result of `createCredential`, or an invented one. */
export interface Key {
  readonly id: string
  readonly key: string
  readonly algorithm?: 'hmac-sha-1' | 'hmac-sha-256'
}

/** What to sign. By default the values come from the URL, or are new. */
export interface Signing {
  readonly method?: string
  readonly ts?: number | string
  readonly nonce?: string
  readonly ext?: string
  /** Signed instead of the target of the URL. */
  readonly target?: string
  readonly host?: string
  readonly port?: string
  /** Sent instead of the right MAC. */
  readonly mac?: string
}

/**
 * Returns the value of an `Authorization` header. It is written from the draft, without the library, so
 * that both cannot share a mistake.
 */
export function authorization(credential: Key, url: string, signing: Signing = {}): string {
  const [, scheme, authority = '', rest = ''] = /^(https?):\/\/([^/]*)([^#]*)/.exec(url) ?? []
  const [, name, number] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(authority) ?? []
  const { method = 'GET', nonce = randomUUID(), ext = '' } = signing
  const ts = signing.ts ?? Math.floor(Date.now() / 1000)
  const target = signing.target ?? (rest === '' ? '/' : rest)
  const host = signing.host ?? name ?? ''
  const port = signing.port ?? number ?? (scheme === 'https' ? '443' : '80')
  const lines = [ts, nonce, method.toUpperCase(), target, host.toLowerCase(), port, ext]
  const text = lines.map((line) => `${line}\n`).join('')
  const hash = credential.algorithm === 'hmac-sha-1' ? 'sha1' : 'sha256'
  const mac = signing.mac ?? createHmac(hash, credential.key).update(text).digest('base64')
  const covered = ext === '' ? '' : `, ext="${ext}"`
  return `MAC id="${credential.id}", ts="${ts}", nonce="${nonce}"${covered}, mac="${mac}"`
}

/** @returns A signed `Request`. */
export function signed(credential: Key, url: string, signing: Signing = {}): Request {
  return new Request(url, {
    method: signing.method ?? 'GET',
    headers: { authorization: authorization(credential, url, signing) },
  })
}
