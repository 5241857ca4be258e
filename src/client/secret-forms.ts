import type { TokenClientSettings } from './token-options.ts'

/** The value of HTTP Basic: each part form-encoded (RFC 6749 §2.3.1). */
export function basicToken({ clientId, clientSecret }: TokenClientSettings): string {
  return btoa(`${formEncode(clientId)}:${formEncode(clientSecret)}`)
}

/** The secret as it is, as it is sent, and as an endpoint may write it that has decoded it. */
export function secretForms(settings: TokenClientSettings): readonly string[] {
  const { clientId, clientSecret } = settings
  // Base64 tells the secret without its padding too.
  const tokens = [basicToken(settings), btoa(bytesAsText(`${clientId}:${clientSecret}`))].map(
    (token) => token.replace(/=+$/, ''),
  )
  return [
    clientSecret,
    bytesAsText(clientSecret),
    formEncode(clientSecret),
    encodeURIComponent(clientSecret),
    ...tokens,
    ...tokens.map((token) => token.replaceAll('+', '-').replaceAll('/', '_')),
  ]
}

/**
 * Whether a text shows one of them, also escaped for HTML.
 * @param forms As `secretForms` gives them.
 */
export function showsSecret(text: string, forms: readonly string[]): boolean {
  // The digits of percent-encoding may be of either case.
  const shown = [text, unescapeHtml(text)].map((each) => each.toLowerCase())
  return forms.some((form) => shown.some((each) => each.includes(form.toLowerCase())))
}

/** Form encoding (RFC 6749, appendix B). */
function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}

/** The bytes of a text, a character each: what it is taken for where UTF-8 is read as latin1. */
function bytesAsText(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('')
}

const NAMED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

function unescapeHtml(text: string): string {
  return text.replace(
    /&(?:#x([\da-f]{1,6})|#(\d{1,7})|([a-z]+));/gi,
    (whole, hex, decimal, name) => {
      if (name !== undefined) return NAMED.get(String(name).toLowerCase()) ?? whole
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole
    },
  )
}
