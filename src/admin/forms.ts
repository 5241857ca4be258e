import { type CreateOptions, readCredential } from '../credentials/create.ts'
import type { RateLimit } from '../types.ts'
import { attribute, flag, notice } from './layout.ts'
import { type Html, type HtmlValue, html } from './vendor.ts'
import type { Values } from './visit.ts'

/** What is wrong in a form, by the name of the field. */
export type Errors = ReadonlyMap<string, string>

export const NO_ERRORS: Errors = new Map()

/** A field of a form: its label, its hint, its error, and the control that they describe. */
export interface Field {
  readonly name: string
  readonly label: string
  readonly hint?: HtmlValue
  readonly values: Values
  readonly errors: Errors
  /** Makes the `id` unique, if the page has several forms. */
  readonly form: string
}

/** The attributes that connect a control with its label, hint and error. */
function connected({ name, form, hint, errors }: Field): Html {
  const id = `${form}-${name}`
  const described = [hint ? `${id}-hint` : null, errors.has(name) ? `${id}-error` : null]
  const ids = described.filter((each) => each !== null).join(' ')
  return html`id="${id}" name="${name}"${attribute('aria-describedby', ids === '' ? null : ids)}${attribute('aria-invalid', errors.has(name) ? 'true' : null)}`
}

function described(field: Field, control: Html): Html {
  const { name, form, label, hint } = field
  const id = `${form}-${name}`
  return html`<div class="field"><label for="${id}">${label}</label>${hint ? html`<p class="hint" id="${id}-hint">${hint}</p>` : null}${control}${errorOf(field)}</div>`
}

function errorOf({ name, form, errors }: Pick<Field, 'name' | 'form' | 'errors'>): Html | null {
  const error = errors.get(name)
  return error === undefined ? null : html`<p class="error" id="${form}-${name}-error">${error}</p>`
}

/** A field for one line. */
export function textField(
  field: Field,
  more: {
    readonly type?: 'text' | 'number' | 'datetime-local' | 'search' | 'date'
    readonly required?: boolean
    readonly max?: number
    readonly mono?: boolean
  } = {},
): Html {
  const { type = 'text', required = false, max, mono = false } = more
  const value = field.values.get(field.name) ?? ''
  const limits =
    type === 'number'
      ? html` min="1"${attribute('max', max?.toString())} inputmode="numeric"`
      : attribute('maxlength', max?.toString())
  return described(
    field,
    html`<input ${connected(field)} type="${type}" value="${value}" autocomplete="off" spellcheck="false"${attribute('dir', type === 'text' && !mono ? 'auto' : null)}${attribute('class', mono ? 'mono' : null)}${limits}${flag('required', required)}>`,
  )
}

/** A field for several lines. */
export function areaField(field: Field): Html {
  const value = field.values.get(field.name) ?? ''
  // A line feed right after the tag is dropped by browsers, so that one in the value is kept.
  return described(
    field,
    html`<textarea ${connected(field)} rows="3" class="mono" spellcheck="false" autocomplete="off">
${value}</textarea>`,
  )
}

/** Says that nothing was done, and lists what is wrong, each with a link to its field. */
export function errorSummary(form: string, errors: Errors): Html {
  const wrong = [...errors].filter(([name]) => name !== '')
  const list = wrong.map(([name, text]) => html`<li><a href="#${form}-${name}">${text}</a></li>`)
  return notice(
    'bad',
    html`<p>${errors.get('') ?? 'Nothing was changed, because something is missing or wrong:'}</p>${list.length === 0 ? null : html`<ul>${list}</ul>`}`,
  )
}

export type Choices = readonly (readonly [value: string, text: string])[]

/** A field with a list of choices. */
export function selectField(field: Field, choices: Choices): Html {
  const chosen = field.values.get(field.name)
  return described(
    field,
    html`<select ${connected(field)}>${choices.map(([value, text]) => html`<option value="${value}"${flag('selected', value === chosen)}>${text}</option>`)}</select>`,
  )
}

/** A group of choices of which one is chosen. */
export function radioField(field: Field, choices: Choices, more: HtmlValue = null): Html {
  const { name, label, hint, form, values, errors } = field
  const id = `${form}-${name}`
  const chosen = values.get(name) ?? choices[0]?.[0]
  const ids = [hint ? `${id}-hint` : null, errors.has(name) ? `${id}-error` : null]
  const describing = ids.filter((each) => each !== null).join(' ')
  return html`<fieldset class="field" id="${id}"${attribute('aria-describedby', describing === '' ? null : describing)}>
<legend>${label}</legend>${hint ? html`<p class="hint" id="${id}-hint">${hint}</p>` : null}
<div class="choices">${choices.map(([value, text]) => html`<label class="choice"><input type="radio" name="${name}" value="${value}"${flag('checked', value === chosen)}><span>${text}</span></label>`)}</div>${more}${errorOf(field)}</fieldset>`
}

export const EXPIRIES: Choices = [
  ['1h', '1 hour'],
  ['24h', '24 hours'],
  ['7d', '7 days'],
  ['30d', '30 days'],
  ['never', 'Never'],
  ['date', 'On a date'],
]
const SECONDS: Readonly<Record<string, number>> = {
  '0': 0,
  '1h': 3600,
  '24h': 86_400,
  '7d': 604_800,
  '30d': 2_592_000,
}

/** The fields for the end of a credential: a choice, and a date for the last of them. */
export function expiryField(field: Omit<Field, 'name' | 'label'>): Html {
  const date = textField(
    { ...field, name: 'date', label: 'Date and time, in UTC', hint: 'Only for “On a date”.' },
    { type: 'datetime-local' },
  )
  return radioField({ ...field, name: 'expires', label: 'Expires' }, EXPIRIES, date)
}

/** Returns when a credential ends: seconds since 1970, or `null` for never. Adds what is wrong to `errors`. */
export function readExpiry(form: Values, now: number, errors: Map<string, string>): number | null {
  const choice = form.get('expires') ?? ''
  if (choice === 'never') return null
  const span = secondsOf(choice)
  if (span !== null && span > 0) return now + span
  if (choice !== 'date') {
    errors.set('expires', 'Choose when it expires.')
    return null
  }
  const text = form.get('date') ?? ''
  const [, minute] = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})(?::\d{2}(?:\.\d{1,3})?)?$/.exec(text) ?? []
  const moment = new Date(`${minute}Z`)
  if (Number.isNaN(moment.getTime()) || moment.toISOString().slice(0, 16) !== minute) {
    errors.set('date', 'Enter a date and a time, such as 2030-12-31T23:59.')
    return null
  }
  const seconds = moment.getTime() / 1000
  if (seconds <= now) errors.set('date', 'This is in the past. Enter a time in the future.')
  return seconds
}

/** For the library, which takes numbers of later centuries for milliseconds. */
export function dateOf(expires: number | null): Date | null {
  return expires === null ? null : new Date(expires * 1000)
}

/** `3600` for `1h`; `null` if it is not one of the choices. */
export function secondsOf(choice: string): number | null {
  return Object.hasOwn(SECONDS, choice) ? (SECONDS[choice] ?? null) : null
}

/** The fields for a rate limit of one credential. */
export function rateLimitField({ values, errors, form }: Omit<Field, 'name' | 'label'>): Html {
  const of = (name: string, label: string, max: number) =>
    textField({ name, label, values, errors, form }, { type: 'number', max })
  return html`<fieldset class="field"><legend>Rate limit <span class="quiet">(optional)</span></legend>
<p class="hint">For this credential only. If both are empty, the limit of the server applies.</p>
<div class="pair">${of('requests', 'Requests', 1_000_000_000)}${of('seconds', 'In how many seconds', 86_400)}</div></fieldset>`
}

/** Returns the rate limit; `null` if both fields are empty. Adds what is wrong to `errors`. */
export function readRateLimit(form: Values, errors: Map<string, string>): RateLimit | null {
  const requests = (form.get('requests') ?? '').trim()
  const seconds = (form.get('seconds') ?? '').trim()
  if (requests === '' && seconds === '') return null
  const whole = (name: string, text: string, most: number) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : 0
    if (value < 1 || value > most) {
      const wrong = text === '' ? 'Fill in both fields, or leave both empty.' : null
      errors.set(name, wrong ?? `Enter a whole number from 1 to ${most.toLocaleString('en')}.`)
    }
    return value
  }
  return {
    requests: whole('requests', requests, 1_000_000_000),
    seconds: whole('seconds', seconds, 86_400),
  }
}

/** Returns the scopes in a text, which are separated by white space or commas. */
export function readScopes(form: Values): readonly string[] {
  return (form.get('scopes') ?? '').split(/[\s,]+/).filter((scope) => scope !== '')
}

/**
 * Checks a label or scopes by the rules of the library, and adds what is wrong to `errors`.
 * @param options An option that is named like its field.
 */
export function check(
  name: 'label' | 'scopes' | 'user',
  value: string | readonly string[] | null,
  now: number,
  errors: Map<string, string>,
): void {
  const options: CreateOptions = name === 'user' ? {} : { [name]: value }
  try {
    readCredential(now, name === 'user' ? (value as string) : 'x', options)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    errors.set(name, sentence(error.message, name))
  }
}

/** Makes a sentence for people of a message for developers. */
function sentence(message: string, name: string): string {
  const clauses = message.replace(/^withmac: createCredential: /, '').split('; ')
  const own = clauses.map((clause) => {
    const [, at] = /^scopes\.(\d+) /.exec(clause) ?? []
    const rest = clause.replace(/^\w+(?:\.\d+)? /, '').replace(/, not ["\d].*$/, '')
    return at === undefined ? `It ${rest}` : `Scope ${Number(at) + 1} ${rest}`
  })
  return `${own
    .slice(0, 3)
    .join('; ')
    .replace(/^It /, name === 'scopes' ? 'The list ' : 'It ')}.`
}
