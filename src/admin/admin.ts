import { createHash } from 'node:crypto'
import { callAsync, callHook } from '../callback.ts'
import { asMacError, MacError } from '../errors.ts'
import type { Mac } from '../mac.ts'
import { readBody } from '../server/body.ts'
import { type FirstArgument, requestOrResponse } from '../server/request-of.ts'
import { readAsset } from './assets.ts'
import type { AdminData } from './data.ts'
import { heading, layout } from './layout.ts'
import { dataOf } from './mac-data.ts'
import { type AdminOptions, type AdminSettings, adminSettings } from './options.ts'
import { auditCsv, auditPage } from './pages/audit.ts'
import { create, newPage } from './pages/create.ts'
import { acting, credentialPage } from './pages/credential.ts'
import { credentialsPage } from './pages/credentials.ts'
import { healthPage } from './pages/health.ts'
import { notFound } from './pages/not-found.ts'
import { rejectionPage, rejectionsPage } from './pages/rejections.ts'
import { trafficPage } from './pages/traffic.ts'
import { csrf, Hono, HTTPException, html, secureHeaders } from './vendor.ts'
import { type Answer, Links, type Page, type Values, type Visit } from './visit.ts'

/** A handler that takes a `Request`, or an object with a property `request`. */
export type Admin = (first: FirstArgument, ...rest: unknown[]) => Promise<Response>

/**
 * Returns a handler that serves pages to manage credentials: create, rotate, disable and revoke them, see why
 * requests were rejected, and who changed what. The pages work without JavaScript, and load nothing from
 * other hosts.
 *
 * Whoever `authorize` lets in can create a credential for any user. It does *not* know people or passwords, and
 * does *not* limit how often somebody tries to get in: that is for `authorize`, or for what is in front of it.
 *
 * @param mac The object that `createMac` returned.
 * @throws TypeError if an option is wrong. The handler itself never throws: it always answers.
 *
 * @example
 * const admin = createAdmin(mac, { authorize: (request) => sessionOf(request)?.email })
 * Bun.serve({ routes: { '/admin': admin, '/admin/*': admin }, fetch: mac.withMac(app) })
 */
export function createAdmin(mac: Mac, options: AdminOptions): Admin {
  return adminOf(dataOf(mac), options)
}

/** How many milliseconds `authorize` may take. */
const AUTHORIZE_DEADLINE = 30_000
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(?:;|$)/i
/** The longest form, in bytes. 100 scopes of 256 characters fit in. */
const MAX_FORM_BYTES = 65_536

const UNEXPECTED = 'The admin page failed unexpectedly.'

/** What the checks of a request leave for the pages. */
interface Env {
  readonly Variables: { actor: string }
}

/** Like {@link createAdmin}, with other data. */
export function adminOf(data: AdminData, options: AdminOptions): Admin {
  const settings = adminSettings(options)
  const app = appOf(data, settings)
  return async (first, ...rest) => {
    const request = requestOrResponse(first, rest)
    if (request instanceof Response) return request
    return app.fetch(request)
  }
}

function appOf(data: AdminData, { authorize, basePath, onError }: AdminSettings): Hono<Env> {
  const links = new Links(basePath)
  const report = (error: unknown, request: Request) =>
    callHook('onError', () => onError(asMacError(error, UNEXPECTED), request))
  const app = new Hono<Env>({ strict: false })

  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        scriptSrc: ["'self'"],
        imgSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
      xFrameOptions: 'DENY',
      // Whether other paths of this host use TLS is not for these pages to say.
      strictTransportSecurity: false,
    }),
  )
  app.use(async (context, next) => {
    await next()
    const { headers } = context.res
    if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store')
  })
  app.use(async (context, next) => {
    const { raw } = context.req
    const actor = await callAsync('authorize', () => authorize(raw), readActor, AUTHORIZE_DEADLINE)
    if (actor === null) return context.text('Forbidden\n', 403)
    context.set('actor', actor)
    return next()
  })
  app.use(async (context, next) => {
    if (['GET', 'HEAD', 'POST'].includes(context.req.method)) return next()
    return context.text('Method Not Allowed\n', 405, { Allow: 'GET, HEAD, POST' })
  })
  // If the browser says by Sec-Fetch-Site where a form comes from, that decides. Only otherwise Origin does: behind
  // a proxy that ends TLS, the origins of http and https look alike. A form with neither is rejected.
  app.use(
    csrf({
      origin: (origin, { req }) =>
        req.header('sec-fetch-site') === undefined && origin === new URL(req.url).origin,
    }),
  )
  // csrf does not look at requests with a type that no form has.
  app.use(async (context, next) => {
    const type = context.req.header('content-type') ?? ''
    if (context.req.method !== 'POST' || FORM_TYPE.test(type)) return next()
    return context.text('Unsupported Media Type\n', 415)
  })

  const visitOf = async (request: Request, actor: string): Promise<Visit> => {
    const { origin, searchParams } = new URL(request.url)
    return {
      ...{ links, data, actor, origin },
      now: new Date(data.now() * 1000),
      query: firstValues(searchParams),
      form: request.method === 'POST' ? await readForm(request) : new Map(),
    }
  }
  const show =
    (page: (visit: Visit) => Answer | Promise<Answer>) =>
    async (context: { req: { raw: Request }; get(name: 'actor'): string }) => {
      const actor = context.get('actor')
      const answer = await page(await visitOf(context.req.raw, actor))
      return responseOf(answer, { links, actor })
    }
  const at = (path: string) => (path === '/' ? basePath || '/' : `${basePath}${path}`)

  app.get(at('/'), show(credentialsPage))
  app.get(at('/new'), show(newPage))
  app.post(at('/new'), show(create))
  app.get(at('/credential'), show(credentialPage))
  for (const action of ACTIONS) app.post(at(`/credential/${action}`), show(acting(action)))
  app.get(at('/rejections'), show(rejectionsPage))
  app.get(at('/rejection'), show(rejectionPage))
  app.get(at('/traffic'), show(trafficPage))
  app.get(at('/health'), show(healthPage))
  app.get(at('/audit'), show(auditPage))
  app.get(at('/audit.csv'), show(auditCsv))
  for (const [name, type] of ASSETS) {
    // The address has the version, so that the file can be kept.
    const headers = { 'Content-Type': type, 'Cache-Control': 'private, max-age=86400' }
    app.get(at(`/${name}`), () => new Response(readAsset(name), { headers }))
  }

  const failure = (page: Page, actor: string | undefined) =>
    actor === undefined
      ? new Response(`${page.title}\n`, {
          status: page.status ?? 500,
          headers: { 'Content-Type': 'text/plain; charset=utf-8' },
        })
      : responseOf(page, { links, actor })
  app.notFound((context) => failure(nothingHere(links, context.req.path), context.get('actor')))
  app.onError((error, context) => {
    const page = failurePage(error)
    if ((page.status ?? 500) >= 500) report(error, context.req.raw)
    return failure(page, context.get('actor'))
  })
  return app
}

const ACTIONS = [
  ...(['rotate', 'extend', 'update', 'disable', 'enable'] as const),
  ...(['revoke', 'delete', 'reset-clock'] as const),
]

const ASSETS = [
  ['style.css', 'text/css; charset=utf-8'],
  ['enhance.js', 'text/javascript; charset=utf-8'],
  ['icon.svg', 'image/svg+xml'],
] as const

/** Returns who is acting; `null` if the visitor may not see the pages. Any other result is a mistake. */
function readActor(actor: unknown): string | null {
  if (actor === null || actor === undefined) return null
  if (
    typeof actor === 'string' &&
    actor !== '' &&
    actor.length <= 256 &&
    !/[\0\p{Surrogate}]/u.test(actor)
  ) {
    return actor
  }
  throw new TypeError(
    'it must return the name of the person as a string of 1 to 256 characters, or null',
  )
}

/** Reads a form. Its type was checked before. */
async function readForm(request: Request): Promise<Values> {
  const decoder = new TextDecoder()
  let text = ''
  await readBody(
    request,
    MAX_FORM_BYTES,
    ({ body }) => body,
    (chunk) => {
      text += decoder.decode(chunk, { stream: true })
    },
  )
  return firstValues(new URLSearchParams(text + decoder.decode()))
}

function firstValues(params: URLSearchParams): Values {
  const values = new Map<string, string>()
  for (const [name, value] of params) if (!values.has(name)) values.set(name, value)
  return values
}

function responseOf(answer: Answer, visit: Pick<Visit, 'links' | 'actor'>): Response {
  if (answer instanceof Response) return answer
  if ('location' in answer) {
    // 303: the browser gets the page, so that a reload does not send the form again.
    return new Response(null, { status: 303, headers: { Location: answer.location } })
  }
  return new Response(String(layout(answer, visit, assetVersion())), {
    status: answer.status ?? 200,
    headers: { 'Content-Type': 'text/html; charset=utf-8' },
  })
}

let version: string | null = null

/** Changes with the files that the pages load. */
function assetVersion(): string {
  version ??= createHash('sha256')
    .update(ASSETS.map(([name]) => readAsset(name)).join(''))
    .digest('hex')
    .slice(0, 8)
  return version
}

function nothingHere(links: Links, path: string): Page {
  const base = links.to('/')
  const below = base === '/' ? '/' : `${base}/`
  const isOutside = path !== base && !path.startsWith(below)
  const why = isOutside
    ? html`<p>The path of this request does not begin with <code>${base}</code>, the option basePath. Whatever is in front of the handler must leave the path as it is.</p>`
    : html`<p>There is no page at this address.</p>`
  const go = html`<p><a class="button" href="${base}">All credentials</a></p>`
  return notFound('Page not found', html`${why}${go}`, null)
}

function failurePage(error: unknown): Page {
  const page = (status: number, title: string, text: string): Page => ({
    ...{ status, title, section: null },
    body: html`${heading(title)}<p>${text}</p>`,
  })
  if (error instanceof HTTPException) {
    return page(
      403,
      'Forbidden',
      'The form was not sent by a page of this site, so nothing was done. If you sent it from here: browsers say where a form comes from only over https, or on localhost.',
    )
  }
  if (!(error instanceof MacError)) {
    return page(500, 'Internal error', 'Something failed. The log of the server says what it was.')
  }
  const { code, message, status } = error
  if (code === 'ERR_MAC_CALLBACK') {
    return page(503, 'Service unavailable', 'The log of the server says why.')
  }
  if (status === 413) {
    return page(413, 'The form is too large', `A form has at most ${MAX_FORM_BYTES} bytes.`)
  }
  if (status === 400) return page(400, 'The form cannot be read', message)
  return page(503, 'Service unavailable', `${code}: ${message}`)
}
