import { foreign } from '../format.ts'
import { heading, notice } from '../layout.ts'
import { html } from '../vendor.ts'
import type { Page, Visit } from '../visit.ts'

const WORDS = { good: 'Good', note: 'Note', bad: 'Problem' } as const
const BADGES = { good: 'active', note: 'expiring', bad: 'revoked' } as const

/** What `withmac doctor` finds about the database. */
export async function healthPage({ data, links }: Visit): Promise<Page> {
  const findings = await data.health()
  const problems = findings.filter(({ kind }) => kind === 'bad').length
  const verdict =
    problems === 0
      ? notice('good', html`<p>No problems found.</p>`)
      : notice(
          'bad',
          html`<p>${problems === 1 ? 'One problem' : `${problems} problems`} found.</p>`,
        )
  const body = html`${heading('Health', html`<a class="button" href="${links.to('/health')}">Check again</a>`)}
<p class="lead-in">The checks of <code>withmac doctor</code> for this database.</p>
${verdict}
<ul class="findings card">${findings.map(
    ({ kind, name, text, advice }) =>
      html`<li><span class="badge ${BADGES[kind]}">${WORDS[kind]}</span><div><h2>${name}</h2><p>${foreign(text)}</p>${advice === null ? null : html`<p class="advice">${foreign(advice)}</p>`}</div></li>`,
  )}</ul>`
  return { title: 'Health', section: 'health', body }
}
