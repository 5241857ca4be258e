import { demand, kilobytes } from '../tools/report.mjs'

/** In bytes, some 15 % above what it was when they were last set. Raise them knowingly. */
const BUDGET = { packed: 955_000, unpacked: 3_300_000 }

/** The tarball stays as small as it is. */
export async function checkSize(report, { described }) {
  for (const [name, size] of [
    ['packed', described.size],
    ['unpacked', described.unpackedSize],
  ]) {
    await report.check(`size ${name}`, () => {
      const text = `${kilobytes(size)} of ${kilobytes(BUDGET[name])}`
      demand(size <= BUDGET[name], `${text}: above the budget`)
      return text
    })
  }
}
