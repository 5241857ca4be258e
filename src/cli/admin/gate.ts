import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Html, html, raw } from '../../admin/vendor.ts'

/** Answers requests of a browser that has a session. */
type Handler = (request: Request) => Promise<Response>

/** How to get a new link, for the pages of the gate. */
export interface GateOptions {
  /** The port, for the name of the cookie: browsers send a cookie to all ports of a host. */
  readonly port: number
  /** The command that prints a new link. */
  readonly restart: string
  /** The clock, in milliseconds. */
  readonly now?: () => number
}

/** The session and the link end if they are not used for so long. */
export const IDLE_HOURS = 8
const IDLE_MS = IDLE_HOURS * 3_600_000

/**
 * Gives one browser a session: the link's token is exchanged once for the cookie of a session.
 *
 * A browser separates cookies by host, and *not* by port: any other server on 127.0.0.1 that it visits gets
 * this cookie too. So the cookie alone is not enough: the pages are below a secret path, which only the
 * exchange tells.
 *
 * The cookie has neither `Secure` nor `__Host-`, which needs it: Chromium accepts that on loopback without
 * TLS, but Safari rejects it, and the link would lead nowhere. It would not add much: an IP address has no
 * subdomains that could set the cookie, and `path=/` is set here.
 */
export class Gate {
  /** Where the pages are. */
  readonly basePath: string = `/admin/${randomBytes(16).toString('hex')}`
  readonly #token = newSecret()
  readonly #cookie: string
  readonly #restart: string
  readonly #now: () => number
  /** The hash of the session's secret; `null` until the link is used. */
  #session: Buffer | null = null
  #used: number

  constructor({ port, restart, now = Date.now }: GateOptions) {
    this.#cookie = `withmac_admin_${port}`
    this.#restart = restart
    this.#now = now
    this.#used = now()
  }

  /** The path of the link. Whoever opens it first gets the session. */
  get link(): string {
    return `/?token=${this.#token}`
  }

  /** Whether nothing was used for so long that the session has ended. */
  get isOver(): boolean {
    return this.#now() - this.#used >= IDLE_MS
  }

  /** Whether a request comes from the browser that used the link. */
  hasSession(request: Request): boolean {
    const session = this.#session
    if (session === null || this.isOver) return false
    return cookiesOf(request, this.#cookie).some((value) => timingSafeEqual(hash(value), session))
  }

  /** Answers a request: with the pages, if it has a session, otherwise with what to do. */
  async enter(request: Request, pages: Handler): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const token = searchParams.get('token')
    if (pathname === '/' && token !== null) return this.#exchange(request, token)
    if (!this.hasSession(request)) return this.#noSession(request)
    this.#used = this.#now()
    if (pathname === this.basePath || pathname.startsWith(`${this.basePath}/`)) {
      return pages(request)
    }
    return page(404, 'There is no such page', ['The address is not one of this admin page.'])
  }

  #exchange(request: Request, token: string): Response {
    const isRight = timingSafeEqual(hash(token), hash(this.#token))
    if (!isRight || this.isOver) return this.#noSession(request)
    if (request.method !== 'GET' || isPrefetch(request)) {
      const said = 'The link was not used. Open it in the browser.'
      return page(405, 'Open the link', [said], { allow: 'GET' })
    }
    if (this.#session !== null) return this.#spent(request)
    const secret = newSecret()
    this.#session = hash(secret)
    this.#used = this.#now()
    return new Response(null, {
      status: 303,
      headers: {
        ...HEADERS,
        location: this.basePath,
        'set-cookie': `${this.#cookie}=${secret}; Path=/; HttpOnly; SameSite=Strict`,
      },
    })
  }

  #spent(request: Request): Response {
    const lines = [
      'This link works once, and it was used.',
      ...(this.hasSession(request)
        ? [html`It was used in this browser: <a href="${this.basePath}">go to the admin page</a>.`]
        : [
            'If you did not use it, somebody else did: end the command at once, with Ctrl-C. This also ends the session.',
          ]),
      this.#newLink(),
    ]
    return page(403, 'The link was already used', lines)
  }

  #noSession(request: Request): Response {
    // A browser keeps a cookie with SameSite=Strict back if it comes from a page of another site: for
    // example, from a terminal that is a page. It sends the cookie from this page.
    const { pathname } = new URL(request.url)
    const isFromPage = request.headers.get('sec-fetch-site') === 'cross-site'
    const again =
      isFromPage && pathname === this.basePath
        ? [html`If you come from the link: <a href="${this.basePath}">continue</a>.`]
        : []
    const lines = ['This browser has no session, or the session has ended.', ...again]
    return page(403, 'No session', [...lines, this.#newLink()])
  }

  #newLink(): Html {
    return html`For a new link, end the command with Ctrl-C, and run it again: <code>${this.#restart}</code>`
  }
}

function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** A hash, so that secrets of any length can be compared in constant time. */
function hash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

/** All cookies of this name: another server on this host can set more of them. */
function cookiesOf(request: Request, name: string): string[] {
  const pairs = (request.headers.get('cookie') ?? '').split(/[;,]/).map((pair) => pair.trim())
  return pairs
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
}

/** Whether a browser loads the page before its user opens it. */
function isPrefetch({ headers }: Request): boolean {
  return headers.has('sec-purpose') || headers.get('purpose') === 'prefetch'
}

const STYLE =
  'main{max-width:40rem;margin:10vh auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif}code{overflow-wrap:anywhere}'
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

function page(
  status: number,
  title: string,
  paragraphs: readonly (string | Html)[],
  headers: Readonly<Record<string, string>> = {},
): Response {
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · withmac</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${paragraphs.map((paragraph) => html`<p>${paragraph}</p>\n`)}
</main>
</body>
</html>
`
  const type = { 'content-type': 'text/html; charset=utf-8' }
  return new Response(String(document), { status, headers: { ...HEADERS, ...type, ...headers } })
}
