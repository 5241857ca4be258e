import type { NewCredential } from '../../credentials/credential.ts'
import { code, foreign, time } from '../format.ts'
import { copyButton, facts, heading, notice } from '../layout.ts'
import { snippets } from '../snippets.ts'
import { type Html, html } from '../vendor.ts'
import type { Page, Visit } from '../visit.ts'

/**
 * The page with a new key.
 *
 * It is the response to the POST itself, not a page behind a redirect: a redirect would need the key in an
 * address, a cookie or the memory of the server, and each of them would show it twice. `no-store` keeps the
 * browser from showing it again. If the user reloads the page, the browser asks before it sends the form once
 * more, and the server rejects that copy: see the hidden fields of the forms.
 */
export function keyPage(
  visit: Visit,
  credential: NewCredential,
  kind: 'created' | 'rotated',
): Page {
  const { links, data, origin } = visit
  const { id, key, user, label, algorithm, expires, oldKey } = credential
  const url = `${data.signedOrigin ?? origin}/`
  const title = kind === 'created' ? 'Credential created' : 'New key'
  const old =
    kind === 'created'
      ? null
      : html`<p>${oldKey === null ? 'The earlier keys are rejected from now on.' : html`The old key is accepted until ${time(oldKey.graceEnds)}.`}</p>`
  const body = html`${heading(title)}
${notice('note', html`<p><strong>Copy the key now. It is shown only this once</strong>, and withmac cannot show it again. Give it to the client over a private channel.</p>${old}`)}
<section class="card">
${secret('Identifier', 'new-id', id)}
${secret('Key', 'new-key', key)}
${facts([
  ['User', foreign(user)],
  ['Label', label === null ? html`<span class="quiet">none</span>` : foreign(label)],
  ['Algorithm', algorithm],
  ['Expires', expires === null ? 'never' : time(expires)],
])}
<p><a class="button primary" href="${links.credential(id)}">I have copied the key</a></p>
</section>
<section aria-labelledby="try">
<h2 id="try">Try it</h2>
<p>Each of these sends one signed request to ${code(url)}. They contain the key: do not commit them.</p>
<div class="snippets">${snippets({ id, key, algorithm, url }).map(
    (
      { name, hint, code: text },
      at,
    ) => html`<details name="snippet"${at === 0 ? html` open` : null}>
<summary>${name}</summary>
<div class="snippet"><p class="hint">${hint}</p>${copyButton(`snippet-${at}`, `the lines for ${name}`)}</div>
<pre tabindex="0" role="region" aria-label="${name}"><code id="snippet-${at}">${text}</code></pre>
</details>`,
  )}</div>
</section>`
  return { title, section: 'credentials', body }
}

function secret(name: string, target: string, value: string): Html {
  return html`<div class="secret"><p class="label">${name}</p><code id="${target}" class="value">${value}</code>${copyButton(target, `the ${name.toLowerCase()}`)}</div>`
}
