import type { NewCredential } from 'withmac'
import { signHeaders } from 'withmac/client'

/** Signs a GET request, and returns the value of its `Authorization` header. */
export function sign(credential: NewCredential, url: string, secondsAgo = 0): string {
  const now = () => Date.now() / 1000 - secondsAgo
  return signHeaders({ url }, credential, { now }).authorization
}

/** Returns the same header with one character of its MAC changed. */
export function withOneCharacterChanged(header: string): string {
  return header.replace(/mac="(.)/, (_, first) => `mac="${first === 'A' ? 'B' : 'A'}`)
}
