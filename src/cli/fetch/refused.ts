/** Why an answer of 400 or more was given, in one line, as far as it says. */
export function whyRefused(response: Response, body: Uint8Array | null): string {
  const { status, statusText, headers } = response
  const title = body === null ? null : titleOf(headers.get('content-type'), body)
  const challenge = /\berror="((?:[^"\\]|\\.)*)"/.exec(headers.get('www-authenticate') ?? '')?.[1]
  const why = challenge?.replace(/\\(.)/g, '$1') ?? title
  const named = `${status} ${statusText}`.trimEnd()
  return why === undefined || why === null ? named : `${named}: ${why}`
}

/** The title of a problem document (RFC 9457). */
function titleOf(type: string | null, body: Uint8Array): string | null {
  if (!/^application\/problem\+json\b/i.test(type ?? '')) return null
  try {
    const { title } = JSON.parse(new TextDecoder().decode(body)) as { title?: unknown }
    return typeof title === 'string' ? title : null
  } catch {
    return null
  }
}
