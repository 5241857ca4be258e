/*
 * The only file that imports hono and d3. `npm run build` bundles it, so users do not install them:
 * THIRD-PARTY.txt beside the bundle has their licences.
 */
import { raw as escaped, html as template } from 'hono/html'

export { type ScaleBand, type ScaleLinear, scaleBand, scaleLinear } from 'd3-scale'
export { type Series, stack } from 'd3-shape'
export { Hono } from 'hono'
export { csrf } from 'hono/csrf'
export { HTTPException } from 'hono/http-exception'
export { secureHeaders } from 'hono/secure-headers'

/** A piece of HTML. */
export type Html = string & { readonly isEscaped: true }

/** What a template may hold. `null`, `undefined` and booleans become nothing. */
export type HtmlValue = Html | string | number | boolean | null | undefined | readonly HtmlValue[]

/** Returns HTML. It escapes each text in it, also for attributes in double quotes. */
export const html: (strings: TemplateStringsArray, ...values: readonly HtmlValue[]) => Html =
  template as unknown as (strings: TemplateStringsArray, ...values: readonly HtmlValue[]) => Html

/** Returns a text as HTML, without escaping it. Only for texts of this library. */
export const raw: (text: string) => Html = escaped as unknown as (text: string) => Html
