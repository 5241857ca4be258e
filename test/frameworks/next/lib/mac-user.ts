// lib/mac-user.ts
import { headers } from 'next/headers'

/** Returns the user whose request proxy.ts has verified; `null` on paths that it does not guard. */
export async function macUser(): Promise<string | null> {
  const user = (await headers()).get('x-mac-user')
  return user === null ? null : decodeURIComponent(user)
}
