import { pictures } from '../charts.ts'
import { empty, heading } from '../layout.ts'
import { html } from '../vendor.ts'
import type { Page, Visit } from '../visit.ts'

/** Accepted and rejected requests of all credentials. */
export async function trafficPage({ data }: Visit): Promise<Page> {
  const counts = await data.traffic(null)
  const none =
    counts.length > 0
      ? null
      : empty(
          'No requests were counted in the last day.',
          html`<p>Servers count in memory, and write their counts with the nonces, at most once a minute.</p>`,
        )
  const body = html`${heading('Traffic')}
<p class="lead-in">Accepted and rejected requests, of all processes that use this database. Times are in UTC. Each process writes its numbers with the next request that it accepts, at most once a minute.</p>
${none}${pictures(counts, data.now(), 2)}`
  return { title: 'Traffic', section: 'traffic', body }
}
