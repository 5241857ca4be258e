import { checkNotRevoked } from '../../credentials/change.ts'
import type { Credential } from '../../credentials/credential.ts'
import { MacError } from '../../errors.ts'
import type { CredentialMethods } from '../../mac.ts'
import { showSpan } from '../../moments.ts'
import { pictures } from '../charts.ts'
import type { ShownCredential } from '../data.ts'
import {
  code,
  foreign,
  formatNumber,
  formatRateLimit,
  scopeList,
  statusBadge,
  statusOf,
  time,
  timeAndAgo,
} from '../format.ts'
import {
  areaField,
  type Choices,
  check,
  dateOf,
  type Errors,
  errorSummary,
  expiryField,
  type Field,
  NO_ERRORS,
  radioField,
  rateLimitField,
  readExpiry,
  readRateLimit,
  readScopes,
  secondsOf,
  textField,
} from '../forms.ts'
import { attribute, copyButton, facts, flag, heading, notice } from '../layout.ts'
import { type Html, type HtmlValue, html } from '../vendor.ts'
import type { Answer, Page, Values, Visit } from '../visit.ts'
import { auditTable } from './audit.ts'
import { keyPage } from './key.ts'
import { notFound } from './not-found.ts'

/** What can be done to a credential. Each name is also the end of the path of its form. */
type Action =
  | 'rotate'
  | 'extend'
  | 'update'
  | 'disable'
  | 'enable'
  | 'revoke'
  | 'delete'
  | 'reset-clock'

/** What the page says after an action. Rotation is not among them: it shows the new key. */
const DONE: ReadonlyMap<string, string> = new Map([
  ['extend', 'The end of the credential was changed.'],
  ['update', 'The changes were saved.'],
  ['disable', 'The credential is disabled. Its requests are rejected until you enable it.'],
  ['enable', 'The credential is enabled. Its requests are accepted again.'],
  ['revoke', 'The credential is revoked. Its requests are rejected from now on.'],
  ['reset-clock', 'The clock offset was reset. The next request sets it anew.'],
])

const GRACES: Choices = [
  ['24h', 'In 24 hours'],
  ['7d', 'In 7 days'],
  ['1h', 'In 1 hour'],
  ['0', 'Now, because it has leaked'],
]

/** How many events and pictures belong to the page is fixed: the audit page has all events. */
const EVENTS = 25

/** A form that was not accepted. */
interface Failed {
  readonly action: Action
  readonly values: Values
  readonly errors: Errors
  readonly status: number
}

/** Everything about one credential, and what can be done to it. */
export async function credentialPage(visit: Visit): Promise<Page> {
  return pageOf(visit, null)
}

/** Does what a form on the page asks for. The path says which. */
export function acting(action: Action): (visit: Visit) => Promise<Answer> {
  return async (visit) => {
    const { data, query, links, actor, form } = visit
    const id = query.get('id') ?? ''
    const credential = await data.find(id)
    if (credential === null) return unknown(visit)
    const errors = new Map<string, string>()
    const failed = (status: number) => pageOf(visit, { action, values: form, errors, status })
    try {
      const answer = await act(action, credential, visit, data.actingAs(actor), errors)
      if (answer !== null) return answer
    } catch (error) {
      if (!isConflict(error)) throw error
      errors.set('', error.message)
      return failed(409)
    }
    if (errors.size > 0) return failed(422)
    if (action === 'delete') return { location: links.to('/', { done: 'deleted' }) }
    return { location: links.credential(id, action) }
  }
}

/** Whether the credential is no longer as the page showed it. */
function isConflict(error: unknown): error is MacError {
  return error instanceof MacError && error.code.startsWith('ERR_MAC_CREDENTIAL_')
}

/** @returns A page to show, or `null`. What is wrong in the form is added to `errors`; then nothing was done. */
async function act(
  action: Action,
  credential: Credential,
  visit: Visit,
  manager: CredentialMethods,
  errors: Map<string, string>,
): Promise<Page | null> {
  const { id } = credential
  const { form, data } = visit
  switch (action) {
    case 'rotate':
      return rotate(credential, visit, manager, errors)
    case 'extend': {
      const expires = readExpiry(form, data.now(), errors)
      if (errors.size === 0) await manager.extendCredential(id, dateOf(expires))
      return null
    }
    case 'update': {
      checkNotRevoked(credential)
      const label = (form.get('label') ?? '').trim()
      const scopes = readScopes(form)
      check('label', label, data.now(), errors)
      check('scopes', scopes, data.now(), errors)
      const rateLimit = readRateLimit(form, errors)
      if (form.get('shown') !== changeable(credential)) errors.set('', CHANGED)
      if (errors.size > 0) return null
      const changes = { label: label === '' ? null : label, scopes, rateLimit }
      await manager.updateCredential(id, changes)
      return null
    }
    case 'disable':
      await manager.disableCredential(id)
      return null
    case 'enable':
      await manager.enableCredential(id)
      return null
    case 'reset-clock':
      checkNotRevoked(credential)
      await manager.resetClockOffset(id)
      return null
    case 'revoke':
      if (isConfirmed(id, form, errors)) await manager.revokeCredential(id)
      return null
    case 'delete':
      if (isConfirmed(id, form, errors)) await manager.deleteCredential(id)
      return null
  }
}

/** What the form `update` shows. If it has changed since, the form must not write old values back. */
function changeable({ label, scopes, rateLimit }: Credential): string {
  return JSON.stringify([label, scopes, rateLimit?.requests, rateLimit?.seconds])
}

function isConfirmed(id: string, form: Values, errors: Map<string, string>): boolean {
  if ((form.get('confirm') ?? '').trim() === id.trim()) return true
  errors.set('confirm', 'This is not the identifier of the credential.')
  return false
}

async function rotate(
  { id, keyNumber, oldKey, expires, revoked }: Credential,
  visit: Visit,
  manager: CredentialMethods,
  errors: Map<string, string>,
): Promise<Page | null> {
  const { form, now } = visit
  const choice = GRACES.find(([value]) => value === form.get('grace'))
  const graceSeconds = choice === undefined ? null : secondsOf(choice[0])
  const endEarlierGrace = form.get('end') === 'yes'
  if (graceSeconds === null) errors.set('grace', 'Choose when the current key ends.')
  else if (graceSeconds > 0 && !endEarlierGrace && oldKey !== null && oldKey.graceEnds > now) {
    const earlier = `key ${oldKey.keyNumber}`
    errors.set(
      'grace',
      `A credential has at most two keys. End ${earlier} now, or wait for its end.`,
    )
  }
  // The form says which key it replaces. So a form that is sent twice does not replace the new key too.
  if (form.get('key') !== String(keyNumber)) errors.set('', ROTATED)
  else if (revoked === null && expires !== null && expires <= now) errors.set('', EXPIRED)
  if (graceSeconds === null || errors.size > 0) return null
  const rotated = await manager.rotateCredential(id, { graceSeconds, endEarlierGrace }, keyNumber)
  return keyPage(visit, rotated, 'rotated')
}

const ROTATED =
  'This form was made for an earlier key: the credential was rotated already. Check its history below before you rotate it again.'
const CHANGED =
  'The credential was changed by somebody else meanwhile. Load the page again, and make your change to its new values.'
const EXPIRED = 'The credential has expired. Change when it expires before you rotate its key.'

function unknown(visit: Visit): Page {
  const { links } = visit
  return notFound(
    'There is no such credential',
    html`<p>It may have been deleted. Its history is kept.</p><p class="buttons"><a class="button" href="${links.to('/')}">All credentials</a> <a class="button" href="${links.to('/audit', { id: (visit.query.get('id') ?? '').slice(0, 1024) })}">Its history</a></p>`,
    'credentials',
  )
}

async function pageOf(visit: Visit, failed: Failed | null): Promise<Page> {
  const { data, links, query, now } = visit
  const id = query.get('id') ?? ''
  const credential = await data.find(id)
  if (credential === null) return unknown(visit)
  const [events, counts] = await Promise.all([
    data.history({ ...ALL_EVENTS, credential: id, limit: EVENTS }),
    data.traffic(id),
  ])
  const { label, revoked } = credential
  const done = DONE.get(query.get('done') ?? '')
  const status = statusOf(credential, now)
  const body = html`<nav class="crumbs" aria-label="Breadcrumb"><a href="${links.to('/')}">Credentials</a></nav>
${heading(html`${foreign(label ?? id)} ${statusBadge(status)}`)}
${failed === null && done !== undefined ? notice('good', html`<p>${done}</p>`) : null}
${failed === null ? null : errorSummary(failed.action, failed.errors)}
<div class="columns">
<section class="card" aria-labelledby="facts"><h2 id="facts">Facts</h2>${factsOf(credential, now)}</section>
<section class="card" aria-labelledby="keys"><h2 id="keys">Keys</h2>${keysOf(credential, now)}</section>
</div>
<section aria-labelledby="actions"><h2 id="actions">Change it</h2>
<div class="actions">${revoked === null ? actionsOf(visit, credential, failed) : null}${dangerOf(visit, credential, failed)}</div></section>
<section aria-labelledby="pictures"><h2 id="pictures">Requests</h2>${pictures(counts, data.now(), 3)}</section>
<section aria-labelledby="history"><h2 id="history">History</h2>${auditTable(events, visit, false)}
<p><a href="${links.to('/audit', { id })}">All events of this credential</a></p></section>`
  const name = label ?? id
  const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name
  return {
    status: failed?.status ?? 200,
    title: failed === null ? shown : `Error: ${shown}`,
    section: 'credentials',
    body,
  }
}

const ALL_EVENTS = {
  ...{ action: null, actor: null, credential: null, user: null },
  ...{ from: null, to: null, before: null },
} as const

function factsOf(credential: ShownCredential, now: Date): Html {
  const { id, user, label, algorithm, scopes, rateLimit, created, expires } = credential
  const { revoked, disabled, lastUsed, failures, clockOffsetSeconds, removed } = credential
  const quiet = (text: string) => html`<span class="quiet">${text}</span>`
  const offset = clockOffsetSeconds
  return facts([
    [
      'Identifier',
      html`<code id="the-id"><bdi>${id}</bdi></code> ${copyButton('the-id', 'the identifier')}`,
    ],
    ['User', foreign(user)],
    ['Label', label === null ? quiet('none') : foreign(label)],
    ['Algorithm', algorithm],
    ['Scopes', scopeList(scopes)],
    ['Rate limit', rateLimit === null ? quiet('that of the server') : formatRateLimit(rateLimit)],
    ['Created', timeAndAgo(created, now)],
    ['Expires', expires === null ? 'never' : timeAndAgo(expires, now)],
    ...(removed === null ? [] : [['Removes itself', timeAndAgo(removed, now)] as const]),
    ...(disabled === null ? [] : [['Disabled', timeAndAgo(disabled, now)] as const]),
    ...(revoked === null ? [] : [['Revoked', timeAndAgo(revoked, now)] as const]),
    [
      'Last used',
      lastUsed === null ? quiet('never, as far as withmac knows') : timeAndAgo(lastUsed, now),
    ],
    [
      'Failures in 24 h',
      failures === 0
        ? quiet('0')
        : html`<span class="warn">${formatNumber(failures)}</span> <span class="quiet">rejected requests in its name. Anyone who knows the identifier can cause them.</span>`,
    ],
    [
      'Clock offset',
      offset === null
        ? quiet('none')
        : `${showSpan(Math.abs(offset))}: the clock of the client is ${offset > 0 ? 'behind' : 'ahead'}`,
    ],
  ])
}

function keysOf(credential: Credential, now: Date): Html {
  const { keyNumber, algorithm, rotated, created, oldKey, lastUsed, expires } = credential
  const never = html`<span class="quiet">never</span>`
  const used = (at: Date | null) => (at === null ? never : timeAndAgo(at, now))
  const status = statusOf(credential, now)
  const isUsable = status === 'active' || status === 'expiring'
  const current = keyOf(keyNumber, isUsable ? 'Current' : 'Not accepted', isUsable, [
    ['Algorithm', algorithm],
    ['Since', timeAndAgo(rotated ?? created, now)],
    ['Ends', expires === null ? never : timeAndAgo(expires, now)],
    [oldKey === null ? 'Last used' : 'Last use of both', used(lastUsed)],
  ])
  if (oldKey === null) return current
  const inGrace = isUsable && oldKey.graceEnds > now
  const old = keyOf(oldKey.keyNumber, inGrace ? 'In its grace' : 'Not accepted', inGrace, [
    ['Algorithm', oldKey.algorithm],
    ['Ends', timeAndAgo(oldKey.graceEnds, now)],
    ['Last used', used(oldKey.lastUsed)],
  ])
  const advice = inGrace
    ? html`<p class="hint">Both keys are accepted. Once the old one is no longer used, every client has the new one.</p>`
    : null
  return html`${current}${old}${advice}`
}

function keyOf(
  number: number,
  state: string,
  isAccepted: boolean,
  entries: Parameters<typeof facts>[0],
): Html {
  return html`<div class="key"><h3>Key ${number} <span class="badge ${isAccepted ? 'active' : 'expired'}">${state}</span></h3>${facts(entries)}</div>`
}

/** What a form shows: what was typed, if it was not accepted. */
function typed(action: Action, failed: Failed | null, values: Values) {
  const own = failed?.action === action
  return {
    form: action,
    values: own ? failed.values : values,
    errors: own ? failed.errors : NO_ERRORS,
  }
}

interface Panel {
  readonly action: Action
  readonly title: string
  readonly about: HtmlValue
  readonly fields?: HtmlValue
  readonly button: string
  readonly isDanger?: boolean
  readonly isOpen?: boolean
}

/** One action, which is unfolded to be done. */
function panel({ links }: Visit, id: string, failed: Failed | null, shown: Panel): Html {
  const { action, title, about, fields = null, button, isDanger = false } = shown
  const address = links.to(`/credential/${action}`, { id })
  return html`<details class="card action${isDanger ? ' danger' : ''}"${flag('open', failed?.action === action)}>
<summary>${title}</summary>
<form method="post" action="${address}" class="form" novalidate><p>${about}</p>${fields}
<p class="buttons"><button type="submit"${attribute('class', isDanger ? 'danger' : 'primary')}>${button}</button></p></form>
</details>`
}

function actionsOf(visit: Visit, credential: Credential, failed: Failed | null): Html {
  const { now } = visit
  const { id, keyNumber, oldKey, disabled, expires, label, scopes, rateLimit } = credential
  const isOver = expires !== null && expires <= now
  const inGrace = oldKey !== null && oldKey.graceEnds > now
  const rotating = typed('rotate', failed, new Map([['grace', '24h']]))
  const extending = typed('extend', failed, new Map([['expires', '30d']]))
  const changing = typed(
    'update',
    failed,
    new Map([
      ['label', label ?? ''],
      ['scopes', scopes.join('\n')],
      ['requests', String(rateLimit?.requests ?? '')],
      ['seconds', String(rateLimit?.seconds ?? '')],
    ]),
  )
  const field = (
    common: Pick<Field, 'form' | 'values' | 'errors'>,
    name: string,
    title: string,
    hint: HtmlValue = null,
  ): Field => ({ ...common, name, label: title, hint })
  const earlier = html`<label class="choice"><input type="checkbox" name="end" value="yes"${flag('checked', rotating.values.get('end') === 'yes')}><span>End key ${oldKey?.keyNumber ?? ''} now. It is still in its grace, and a credential has at most two keys.</span></label>`
  const rotation = html`<input type="hidden" name="key" value="${keyNumber}">${radioField(field(rotating, 'grace', `Key ${keyNumber} ends`), GRACES, inGrace ? earlier : null)}`
  return html`${panel(visit, id, failed, {
    action: 'rotate',
    title: 'Rotate the key',
    about: isOver
      ? 'The credential has expired. Extend it before you rotate its key.'
      : 'Makes a new key under the same identifier. It is shown once. Until the current key ends, both are accepted.',
    fields: rotation,
    button: 'Make a new key',
  })}${panel(visit, id, failed, {
    action: 'extend',
    title: 'Change when it expires',
    about: html`It ${isOver ? 'expired' : 'expires'}: ${expires === null ? 'never' : time(expires)}. The time counts from now.`,
    fields: expiryField(extending),
    button: 'Save',
  })}${panel(visit, id, failed, {
    action: 'update',
    title: 'Change label, scopes or rate limit',
    about: 'The next request is checked by the new values.',
    fields: html`<input type="hidden" name="shown" value="${changing.values.get('shown') ?? changeable(credential)}">${textField(field(changing, 'label', 'Label'), { max: 1024 })}${areaField(field(changing, 'scopes', 'Scopes', 'One in a line, or separated by spaces.'))}${rateLimitField(changing)}`,
    button: 'Save',
  })}${
    disabled === null
      ? panel(visit, id, failed, {
          action: 'disable',
          title: 'Disable',
          about: 'Rejects its requests until you enable it again.',
          button: 'Disable',
        })
      : panel(visit, id, failed, {
          action: 'enable',
          title: 'Enable',
          about: 'Accepts its requests again.',
          button: 'Enable',
        })
  }${
    credential.clockOffsetSeconds === null
      ? null
      : panel(visit, id, failed, {
          action: 'reset-clock',
          title: 'Reset the clock offset',
          about:
            'Forgets how far the clock of the client is off, for example after it was corrected. The next request sets it anew.',
          button: 'Reset',
        })
  }`
}

function dangerOf(visit: Visit, { id, revoked }: Credential, failed: Failed | null): Html {
  const confirm = (action: 'revoke' | 'delete') => {
    const common = typed(action, failed, new Map())
    const hint = html`Type ${code(id)} to confirm.`
    return textField(
      { ...common, name: 'confirm', label: 'Identifier', hint },
      { mono: true, max: 1024, required: true },
    )
  }
  const revoke = panel(visit, id, failed, {
    action: 'revoke',
    title: 'Revoke',
    about:
      'Rejects its requests for good, from the next one on. It stays in the list. This cannot be undone.',
    fields: confirm('revoke'),
    button: 'Revoke for good',
    isDanger: true,
  })
  return html`${revoked === null ? revoke : null}${panel(visit, id, failed, {
    action: 'delete',
    title: 'Delete',
    about: 'Removes it from the list. Only its history stays. This cannot be undone.',
    fields: confirm('delete'),
    button: 'Delete for good',
    isDanger: true,
  })}`
}
