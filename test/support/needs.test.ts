import { type Need, testWith } from './needs.ts'
import { afterEach, expect, spyOn, test } from './runner.ts'

const there: Need = { name: 'there', missing: () => null }
const gone: Need = { name: 'gone', missing: () => 'it is not there' }
const before = process.env.WITHMAC_MAY_SKIP

afterEach(() => {
  if (before === undefined) delete process.env.WITHMAC_MAY_SKIP
  else process.env.WITHMAC_MAY_SKIP = before
})

test('testWith returns test if the machine has what is needed, whatever may be skipped', async () => {
  for (const named of ['', 'there']) {
    process.env.WITHMAC_MAY_SKIP = named
    expect(await testWith(there)).toBe(test)
  }
})

test('testWith returns test.skip if a need is missing, and prints the reason', async () => {
  for (const named of [undefined, 'gone', 'mount,gone']) {
    if (named === undefined) delete process.env.WITHMAC_MAY_SKIP
    else process.env.WITHMAC_MAY_SKIP = named
    const printed = spyOn(console, 'error').mockImplementation(() => {})
    try {
      expect(await testWith(there, gone)).toBe(test.skip)
      expect(printed.mock.calls).toEqual([['(skip) tests that need gone: it is not there']])
    } finally {
      printed.mockRestore()
    }
  }
})

test('testWith throws if a need is missing that may not be skipped', async () => {
  for (const named of ['', 'mount', 'there']) {
    process.env.WITHMAC_MAY_SKIP = named
    await expect(testWith(gone)).rejects.toThrow(
      'need gone cannot run, and may not be skipped: it is',
    )
  }
})
