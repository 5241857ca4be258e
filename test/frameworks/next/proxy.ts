// proxy.ts
import { type NextRequest, NextResponse } from 'next/server'
import { mac } from './lib/mac'

export async function proxy(request: NextRequest) {
  const headers = new Headers(request.headers)
  headers.delete('x-mac-user') // a client may have sent it
  if (/^\/account(?:\/|$)/.test(request.nextUrl.pathname)) {
    const verdict = await mac.verify(request)
    if (!verdict.ok) return verdict.response()
    headers.set('x-mac-user', encodeURIComponent(verdict.identity.user))
  }
  return NextResponse.next({ request: { headers } })
}
