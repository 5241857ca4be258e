// Marks the tables with long texts: on a phone each of their rows is shown as a block.

const LONG = 60

/** @param markdown The parser of markdown-it that VitePress uses. */
export function markLongTables(markdown) {
  // VitePress drops the attributes. The keyboard can scroll what has the focus.
  markdown.renderer.rules.table_open = (tokens, at) =>
    `<table tabindex="0"${tokens[at].attrGet('class') ? ' class="long"' : ''}>`
  markdown.core.ruler.push('long_tables', ({ tokens }) => {
    for (const [start, token] of tokens.entries()) {
      if (token.type !== 'table_open') continue
      const end = tokens.findIndex(({ type }, at) => at > start && type === 'table_close')
      const table = tokens.slice(start, end)
      if (table.some(({ type, content }) => type === 'inline' && content.length > LONG)) {
        token.attrJoin('class', 'long')
        nameCells(table)
      }
    }
  })
}

/** Gives each cell the name of its column. */
function nameCells(table) {
  const names = []
  let column = 0
  for (const [at, token] of table.entries()) {
    if (token.type === 'tr_open') column = 0
    if (token.type === 'th_open') names.push(table[at + 1].content)
    if (token.type === 'td_open') token.attrSet('data-column', names[column++] ?? '')
  }
}
