import { createHmac, randomUUID } from 'node:crypto'

/** A credential to sign with: what `createCredential` returns, or one made up. */
export interface Key {
  readonly id: string
  readonly key: string
  readonly algorithm?: 'hmac-sha-1' | 'hmac-sha-256'
}

/** What to sign; what is left out is taken from the URL, or is fresh. */
export interface Signing {
  readonly method?: string
  readonly ts?: number | string
  readonly nonce?: string
  readonly ext?: string
  /** What is signed in place of the URL's own. */
  readonly target?: string
  readonly host?: string
  readonly port?: string
  /** Sent in place of the MAC that is right. */
  readonly mac?: string
}

/**
 * The value of an `Authorization` header. Written from the draft and not with the library, so that
 * both cannot share a mistake.
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

/** A signed `Request`. */
export function signed(credential: Key, url: string, signing: Signing = {}): Request {
  return new Request(url, {
    method: signing.method ?? 'GET',
    headers: { authorization: authorization(credential, url, signing) },
  })
}
