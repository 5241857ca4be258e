// Changes tables. On a phone each row of a table with long texts is shown as a block.

/** Tables with a longer cell are long. */
const LONG = 60
/** Columns with a longer cell need some width. */
const WORDS = 20

/** @param markdown The parser of markdown-it that VitePress uses. */
export function changeTables(markdown) {
  // VitePress drops the attributes. The keyboard can scroll what has the focus.
  markdown.renderer.rules.table_open = (tokens, at) =>
    `<table tabindex="0" class="${tokens[at].attrGet('class') ?? 'short'}">`
  markdown.core.ruler.push('tables', ({ tokens }) => {
    for (const [start, token] of tokens.entries()) {
      if (token.type !== 'table_open') continue
      const end = tokens.findIndex(({ type }, at) => at > start && type === 'table_close')
      const table = tokens.slice(start, end)
      const names = namesOf(table)
      if (table.some(({ type, content }) => type === 'inline' && content.length > LONG)) {
        token.attrJoin('class', names.length > 4 ? 'long many' : 'long')
        nameCells(table, names)
      }
    }
  })
}

/** Returns the names of the columns. An empty one becomes a plain cell, since it is the head of nothing. */
function namesOf(table) {
  return table.flatMap((token, at) => {
    if (token.type !== 'th_open') return []
    const name = (table[at + 1].children ?? []).map(({ content }) => content).join('')
    if (name === '') token.tag = table[at + 2].tag = 'td'
    return [name]
  })
}

/** Gives each cell the name of its column, and the class `text` if the column has long cells. */
function nameCells(table, names) {
  const cells = cellsOf(table)
  const longest = names.map((_, at) =>
    Math.max(...cells.map(({ column, length }) => (column === at ? length : 0))),
  )
  for (const { token, column } of cells) {
    token.attrSet('data-column', names[column] ?? '')
    if (longest[column] > WORDS) token.attrJoin('class', 'text')
  }
}

function cellsOf(table) {
  let column = 0
  return table.flatMap((token, at) => {
    if (token.type === 'tr_open') column = 0
    if (token.type !== 'td_open') return []
    return [{ token, column: column++, length: table[at + 1].content.length }]
  })
}
