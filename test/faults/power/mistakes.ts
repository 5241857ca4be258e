import { MISTAKES } from '../journal/mistakes.ts'
import type { Mistake } from '../mistaken-code.ts'

/** Not mistakes: bring what was written into the database so soon that it is seen in a short run. */
export const HURRIED: readonly Mistake[] = [
  ['const PAGES_BETWEEN = 2000', 40],
  ['const PAGES_BETWEEN_HERE = 1000', 20],
  ['const PAGES_MEANWHILE = 8000', 160],
  ['const PAGES_TO_RESTART = 4000', 60],
  ['export const PAGES_AT_MOST = 8000', 160],
].map(([right, pages]) => ({
  name: 'checkpoints come soon',
  file: 'store/checkpoints.ts',
  right: String(right),
  wrong: String(right).replace(/\d+$/, String(pages)),
}))

/** Mistakes that a power cut shows. */
export const POWER_MISTAKES: readonly Mistake[] = [
  ...[
    'a batch is answered before its sync',
    'a sync answers for what was committed after it began',
  ].map(ofTheJournal),
  {
    name: 'changes of credentials are acknowledged before a sync',
    file: 'store/open.ts',
    right: "'synchronous = full'",
    wrong: "'synchronous = normal'",
  },
  {
    name: 'checkpoints are made without a sync',
    file: 'store/checkpoints.ts',
    right: "database.all('pragma synchronous = full')",
    wrong: "database.all('pragma synchronous = off')",
  },
]

function ofTheJournal(name: string): Mistake {
  const mistake = MISTAKES.find((known) => known.name === name)
  if (mistake === undefined) throw new Error(`There is no mistake ${JSON.stringify(name)}.`)
  return mistake
}
