import { type Admin, adminOf } from '../../src/admin/admin.ts'
import type { AdminData } from '../../src/admin/data.ts'
import { dataOf } from '../../src/admin/mac-data.ts'
import type { AdminOptions } from '../../src/admin/options.ts'
import { createMac, type Mac, type MacError } from '../../src/index.ts'
import { Clock } from '../support/clock.ts'

export const ORIGIN = 'https://admin.example.com'

/** A page as a visitor gets it. */
export interface Got {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** Somebody with a browser, in front of an admin page. */
export interface Visitor {
  readonly mac: Mac
  readonly clock: Clock
  readonly data: AdminData
  readonly admin: Admin
  /** The errors that the operator got. */
  readonly errors: MacError[]
  get(path: string): Promise<Got>
  /** Sends a form, as a page of the same origin does. */
  post(path: string, form: Readonly<Record<string, string>>): Promise<Got>
}

/** Makes a `Mac` with its admin page, and a visitor who is let in as `ops`. */
export function visitor(
  data: Partial<AdminData> = {},
  options: Partial<AdminOptions> = {},
): Visitor {
  const clock = new Clock()
  const mac = createMac({ database: 'sqlite::memory:', now: clock.now, onReject: () => {} })
  const errors: MacError[] = []
  const read = { ...dataOf(mac), ...data }
  const admin = adminOf(read, {
    authorize: () => 'ops',
    onError: (error) => errors.push(error),
    ...options,
  })
  const send = async (request: Request): Promise<Got> => {
    const response = await admin(request)
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  return {
    mac,
    clock,
    data: read,
    admin,
    errors,
    get: (path) => send(new Request(ORIGIN + path)),
    post: (path, form) => send(posted(path, form)),
  }
}

/** Returns the hidden value of the form that changes a credential: what the page showed. */
export function shownIn({ text }: Got): string {
  const [, value = ''] = /name="shown" value="([^"]*)"/.exec(text) ?? []
  return value.replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}

/** A form, as a browser sends it from a page of the same origin. */
export function posted(
  path: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = { 'Sec-Fetch-Site': 'same-origin' },
): Request {
  return new Request(ORIGIN + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(form).toString(),
  })
}

/** The fields of the form for a new credential. */
export const FORM: Readonly<Record<string, string>> = {
  user: 'ada',
  label: 'laptop',
  algorithm: 'hmac-sha-256',
  expires: '24h',
}

/** The key on the page that shows it, or `null`. */
export function keyOn({ text }: Got): string | null {
  return /<code id="new-key"[^>]*>([^<]*)</.exec(text)?.[1] ?? null
}

/** The identifier on the same page. */
export function idOn({ text }: Got): string {
  return /<code id="new-id"[^>]*>([^<]*)</.exec(text)?.[1] ?? ''
}

/** The error beside a field: `new-user` is the field `user` of the form `new`. */
export function errorOf(field: string, { text }: Got): string | null {
  return new RegExp(`id="${field}-error">([^<]*)<`).exec(text)?.[1] ?? null
}
