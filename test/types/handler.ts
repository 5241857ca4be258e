import { createMac, type FirstArgument, getMac, type Handler, type Wrapped, withMac } from 'withmac'
import { type Equal, holds } from './exact.ts'

// Without an annotation, the parameter is a Request.
export const bare = withMac((request) => {
  holds<Equal<typeof request, Request>>()
  return new Response(getMac(request)?.user)
})
const bareAnswer = bare(new Request('http://localhost/'))
holds<Equal<typeof bareAnswer, Promise<Response>>>()
holds<Equal<Parameters<typeof bare>[0], Request>>()
// A server may pass more arguments than such a handler declares, for example Workers and Bun.
bare(new Request('http://localhost/'), { STAGE: 'test' }, { waitUntil: () => {} })

export const asynchronous = withMac(async (request) => {
  holds<Equal<typeof request, Request>>()
  return new Response(await request.text())
})

export const withoutParameter = withMac(() => new Response())
holds<Equal<Parameters<typeof withoutParameter>[0], Request>>()

// The wrapped handler has the same types of parameters as the handler.
interface Context {
  readonly request: Request
  readonly params: { readonly id: string }
}
export const typed = withMac((context: Context, attempt: number, note?: string) => {
  holds<Equal<typeof context, Context>>()
  return new Response(`${context.params.id} ${attempt} ${note}`)
})
holds<Equal<typeof typed, (first: Context, attempt: number, note?: string) => Promise<Response>>>()

class SignedRequest extends Request {
  readonly signer: string = ''
}
export const subclass = withMac((request: SignedRequest) => new Response(request.signer))
holds<Equal<typeof subclass, (first: SignedRequest, ...rest: unknown[]) => Promise<Response>>>()

// The handler gets its types of parameters from an annotation outside.
type Outside = (context: Context, next: () => Promise<Response>) => Response | Promise<Response>
export const outside: Outside = withMac((context, next) => {
  holds<Equal<typeof context, Context>>()
  holds<Equal<typeof next, () => Promise<Response>>>()
  return next()
})

// An object with a function `fetch`.
export const object = withMac({ fetch: (request: Request) => new Response(request.url) })
holds<Equal<typeof object, (first: Request, ...rest: unknown[]) => Promise<Response>>>()
export const bareObject = withMac({
  fetch(request) {
    holds<Equal<typeof request, Request>>()
    return new Response(request.url)
  },
})
export const objectWithContext = withMac({
  fetch: (request: Request, environment: { readonly stage: string }) =>
    new Response(request.url + environment.stage),
})
holds<
  Equal<
    typeof objectWithContext,
    (first: Request, environment: { readonly stage: string }) => Promise<Response>
  >
>()

// The method of a Mac has the type of the bare function.
const mac = createMac({ database: 'sqlite::memory:' })
holds<Equal<typeof mac.withMac, typeof withMac>>()
export const ofMac = mac.withMac((request) => {
  holds<Equal<typeof request, Request>>()
  return new Response()
})

// The exported types are enough to write another wrapper.
export const logged = <First extends FirstArgument, Rest extends unknown[]>(
  handler: Handler<First, Rest>,
): Wrapped<First, Rest> => withMac(handler)
holds<Equal<FirstArgument, Request | { readonly request: Request }>>()

// @ts-expect-error: a handler returns a Response
withMac((request: Request) => request.url)
// @ts-expect-error: a handler returns a Response or the promise of one
withMac(async (request: Request) => ({ url: request.url }))
// @ts-expect-error: a handler always returns a Response
withMac((request: Request) => (request.body === null ? undefined : new Response()))
// @ts-expect-error: the first parameter is a Request or contains one
withMac((url: string) => new Response(url))
// @ts-expect-error: the property must be named `request`
withMac((context: { readonly event: Request }) => new Response(context.event.url))
// @ts-expect-error: the property must always exist
withMac((context: { readonly request?: Request }) => new Response(context.request?.url))
// @ts-expect-error: the property must be a Request
withMac((context: { readonly request: string }) => new Response(context.request))
// @ts-expect-error: `fetch` must be such a function too
withMac({ fetch: (url: string) => new Response(url) })
// @ts-expect-error: `fetch` is required
withMac({ handle: (request: Request) => new Response(request.url) })
// @ts-expect-error: a handler is required
withMac()
// @ts-expect-error: the wrapped handler needs a Request
bare('http://localhost/')
// @ts-expect-error: the wrapped handler needs its other arguments
typed({ request: new Request('http://localhost/'), params: { id: '1' } })
// @ts-expect-error: not more arguments than it declares, if it declares several
typed({ request: new Request('http://localhost/'), params: { id: '1' } }, 1, 'note', 'more')
