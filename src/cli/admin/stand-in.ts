import type { Mac } from '../../mac.ts'

/** Stands for `createAdmin` until the pages exist. */
export function createAdmin(
  _mac: Mac,
  { authorize }: { authorize(request: Request): string | null; readonly basePath: string },
): (request: Request) => Promise<Response> {
  return async (request) => {
    const actor = authorize(request)
    if (actor === null) return new Response(null, { status: 403 })
    return new Response(`${actor} ${request.method} ${await request.text()}`)
  }
}
