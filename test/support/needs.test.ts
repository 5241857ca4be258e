import { type Need, testWith } from './needs.ts'
import { afterEach, expect, spyOn, test } from './runner.ts'

const there: Need = { name: 'there', missing: () => null }
const gone: Need = { name: 'gone', missing: () => 'it is not there' }
const before = process.env.WITHMAC_MAY_SKIP

afterEach(() => {
  if (before === undefined) delete process.env.WITHMAC_MAY_SKIP
  else process.env.WITHMAC_MAY_SKIP = before
})

test('tests run if the machine has what they need, whatever may be skipped', async () => {
  for (const named of ['', 'there']) {
    process.env.WITHMAC_MAY_SKIP = named
    expect(await testWith(there)).toBe(test)
  }
})

test('tests whose need is missing are skipped, and the reason is printed', async () => {
  for (const named of [undefined, 'gone', 'mount,gone']) {
    if (named === undefined) delete process.env.WITHMAC_MAY_SKIP
    else process.env.WITHMAC_MAY_SKIP = named
    const printed = spyOn(console, 'error').mockImplementation(() => {})
    try {
      expect(await testWith(there, gone)).toBe(test.skip)
      expect(printed.mock.calls).toEqual([['(skip) what needs gone: it is not there']])
    } finally {
      printed.mockRestore()
    }
  }
})

test('tests whose need is missing fail if only others may be skipped', async () => {
  for (const named of ['', 'mount', 'there']) {
    process.env.WITHMAC_MAY_SKIP = named
    await expect(testWith(gone)).rejects.toThrow(
      'need gone cannot run, and may not be skipped: it is',
    )
  }
})
