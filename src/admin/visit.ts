import type { AdminData } from './data.ts'
import type { Html } from './vendor.ts'

/** The values of a query or a form, by name. A name that occurs twice has its first value. */
export type Values = ReadonlyMap<string, string>

/** A request by an authorised person, as the pages see it. */
export interface Visit {
  /** The paths of the pages. */
  readonly links: Links
  readonly data: AdminData
  /** Who is acting. */
  readonly actor: string
  readonly now: Date
  /** The origin of the request, such as `https://admin.example.com`. */
  readonly origin: string
  readonly query: Values
  /** Empty, unless the request is a POST. */
  readonly form: Values
}

/** The main sections, in the order of the navigation. */
export type Section = 'credentials' | 'rejections' | 'traffic' | 'health' | 'audit'

/** What a page returns. */
export interface Page {
  /** Default: 200. */
  readonly status?: number
  readonly title: string
  readonly section: Section | null
  readonly body: Html
}

/** Where the browser goes after a POST. */
export interface Redirect {
  readonly location: string
}

export type Answer = Page | Redirect | Response

/** Returns the paths of pages. They begin with the base path, so they work on every page alike. */
export class Links {
  readonly #base: string

  /** @param base Without a slash at its end; empty for the root. */
  constructor(base: string) {
    this.#base = base
  }

  /** @param values Values that are `null` or empty are left out. */
  to(path: string, values: Readonly<Record<string, string | number | null>> = {}): string {
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries(values)) {
      if (value !== null && value !== '') query.set(name, String(value))
    }
    const text = String(query)
    const asked = text === '' ? '' : `?${text}`
    return `${this.#base}${path === '/' && this.#base !== '' ? '' : path}${asked}`
  }

  /** An identifier may be `..` or hold a slash, so it is in the query. */
  credential(id: string, done: string | null = null): string {
    return this.to('/credential', { id, done })
  }
}
