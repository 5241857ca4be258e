import { randomBytes } from 'node:crypto'
import { MacError } from '../../errors.ts'
import { MAC_ALGORITHMS } from '../../protocol/signature.ts'
import {
  areaField,
  check,
  dateOf,
  type Errors,
  errorSummary,
  expiryField,
  type Field,
  NO_ERRORS,
  rateLimitField,
  readExpiry,
  readRateLimit,
  readScopes,
  selectField,
  textField,
} from '../forms.ts'
import { heading, notice } from '../layout.ts'
import { html } from '../vendor.ts'
import type { Page, Values, Visit } from '../visit.ts'
import { keyPage } from './key.ts'

const DEFAULTS: Values = new Map([
  ['algorithm', 'hmac-sha-256'],
  ['expires', '30d'],
])

/** The form for a new credential. `?user=` fills in the user. */
export function newPage(visit: Visit): Page {
  const user = visit.query.get('user')
  const values =
    user === undefined ? DEFAULTS : new Map([...DEFAULTS, ['user', user.slice(0, 1024)]])
  return formPage(visit, values, NO_ERRORS)
}

/** Creates the credential, and shows its key; or the form again, with errors beside their fields. */
export async function create(visit: Visit): Promise<Page> {
  const { form, data, actor } = visit
  const now = data.now()
  const errors = new Map<string, string>()
  const user = (form.get('user') ?? '').trim()
  const label = (form.get('label') ?? '').trim()
  const scopes = readScopes(form)
  const algorithm = MAC_ALGORITHMS.find((each) => each === form.get('algorithm'))
  if (user === '') errors.set('user', 'Enter the user that it belongs to.')
  else check('user', user, now, errors)
  check('label', label, now, errors)
  check('scopes', scopes, now, errors)
  if (algorithm === undefined) errors.set('algorithm', 'Choose an algorithm.')
  const expires = readExpiry(form, now, errors)
  const rateLimit = readRateLimit(form, errors)
  if (errors.size > 0) return formPage(visit, form, errors)
  try {
    const created = await data.actingAs(actor).createCredential(user, {
      id: formId(form),
      ...{ algorithm, scopes, rateLimit },
      expires: dateOf(expires),
      label: label === '' ? null : label,
    })
    return keyPage(visit, created, 'created')
  } catch (error) {
    if (error instanceof MacError && error.code === 'ERR_MAC_CREDENTIAL_EXISTS') return again(visit)
    throw error
  }
}

/**
 * The identifier of the new credential is drawn with the form, and is in a hidden field. So a form that is
 * sent twice, by a reload or a double click, cannot create two credentials: the identifier is taken.
 */
function formId(form: Values): string {
  const given = form.get('id') ?? ''
  return /^[0-9a-f]{24}$/.test(given) ? given : randomBytes(12).toString('hex')
}

function again({ links, form }: Visit): Page {
  const body = html`${heading('This form was sent before')}
${notice('note', html`<p>The credential was created when the form was sent for the first time, so no second one was created. Its key is not shown again.</p>`)}
<p class="buttons"><a class="button" href="${links.credential(formId(form))}">Show the credential</a> <a class="button" href="${links.to('/new')}">Create another one</a></p>`
  return { status: 409, title: 'This form was sent before', section: 'credentials', body }
}

function formPage({ links }: Visit, values: Values, errors: Errors): Page {
  const common = { values, errors, form: 'new' }
  const field = (name: string, label: string, hint: Field['hint'] = null): Field => ({
    ...common,
    ...{ name, label, hint },
  })
  const failed = errors.size > 0
  const body = html`${heading('New credential')}
${failed ? errorSummary('new', errors) : null}
<form method="post" action="${links.to('/new')}" class="card form" novalidate>
<input type="hidden" name="id" value="${formId(values)}">
${textField(field('user', 'User', 'Whose credential it is: the name or the number by which your application knows the user.'), { required: true, max: 1024 })}
${textField(field('label', 'Label', 'A note for people, such as “laptop” or “nightly export”.'), { max: 1024 })}
${expiryField(common)}
${areaField(field('scopes', 'Scopes', html`What it may be used for, such as <code>orders:read</code>. Write one in a line, or separate them by spaces.`))}
<details class="more"${failed && ['algorithm', 'requests', 'seconds'].some((name) => errors.has(name)) ? html` open` : null}>
<summary>Algorithm and rate limit</summary>
${selectField(
  field('algorithm', 'Algorithm', 'Choose hmac-sha-1 only for clients that know no other.'),
  MAC_ALGORITHMS.map((each) => [each, each]),
)}
${rateLimitField(common)}
</details>
<p class="buttons"><button type="submit" class="primary">Create credential</button> <a class="button" href="${links.to('/')}">Cancel</a></p>
</form>`
  return {
    status: failed ? 422 : 200,
    title: failed ? 'Error: new credential' : 'New credential',
    section: 'credentials',
    body,
  }
}
