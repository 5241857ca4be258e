import type { Advice } from '../../doctor/finding.ts'
import { foreign } from '../format.ts'
import { heading, notice } from '../layout.ts'
import { type Html, html } from '../vendor.ts'
import type { Links, Page, Visit } from '../visit.ts'

const WORDS = { good: 'Good', note: 'Note', bad: 'Problem' } as const
const BADGES = { good: 'active', note: 'expiring', bad: 'revoked' } as const

/** What `withmac doctor` finds about the database. */
export async function healthPage({ data, links }: Visit): Promise<Page> {
  const findings = await data.health()
  const problems = findings.filter(({ state }) => state === 'bad').length
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
    ({ state, subject, text, advice }) =>
      html`<li><span class="badge ${BADGES[state]}">${WORDS[state]}</span><div><h2>${subject}</h2><p>${foreign(text)}</p>${advice === undefined ? null : html`<p class="advice">${advice.map((part) => advised(part, links))}</p>`}</div></li>`,
  )}</ul>`
  return { title: 'Health', section: 'health', body }
}

/** A text, or a command. A command for a credential leads to the page that does the same. */
function advised(part: Advice[number], links: Links): Html {
  if (typeof part === 'string') return foreign(part)
  const { command, id, options = '' } = part
  const words = html`withmac ${command} ${id === undefined ? null : foreign(id)} ${options}`
  if (id === undefined) return html`<code>${words}</code>`
  return html`<a href="${links.credential(id)}"><code>${words}</code></a>`
}
