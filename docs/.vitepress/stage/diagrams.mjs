// Draws Mermaid diagrams when the site is built, so that browsers need no code for them.
import { renderMermaidSVG } from 'beautiful-mermaid'

/**
 * Draws the fences with the language `mermaid`.
 * @param markdown The parser of markdown-it that VitePress uses.
 */
export function drawDiagrams(markdown) {
  const fence = markdown.renderer.rules.fence
  markdown.renderer.rules.fence = (tokens, at, ...rest) => {
    const { info, content } = tokens[at]
    return info.trim() === 'mermaid' ? figure(content) : fence(tokens, at, ...rest)
  }
}

function figure(code) {
  // Its style would load a font from another host. The theme has a style of its own.
  const svg = renderMermaidSVG(withLabelsFirst(code), {
    transparent: true,
    nodeSpacing: 14,
    padding: 8,
  })
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(
      / style="[^"]*"/,
      ' role="img" aria-label="Diagram. The text around it says the same."',
    )
  if (/https?:\/\/(?!www\.w3\.org\/)/.test(svg)) throw new Error('The diagram names another host')
  return `<div class="diagram" tabindex="0">${svg}</div>`
}

/** Moves the labels of nodes to the start: the renderer takes a node without a label if an arrow names it first. */
function withLabelsFirst(code) {
  const labels = []
  const [head, ...rest] = code.trim().split('\n')
  const lines = rest.map((line) =>
    line.replace(/\b(\w+)(\["[^"]*"\])/g, (whole, name) => {
      labels.push(`  ${whole.replace(': ', ':<br/>')}`)
      return name
    }),
  )
  return [head, ...labels, ...lines].join('\n')
}
