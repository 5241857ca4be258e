import { setImmediate } from 'node:timers/promises'
import { openStore } from '../../src/store/open.ts'
import { expect, test } from '../support/runner.ts'
import { stored } from '../support/stored.ts'

const NOW = 1_700_000_000

test('in memory, a nonce that is recorded during a failed change stays recorded', async () => {
  const { credentials, nonces, close } = await openStore({ path: null, driver: 'own' })
  await credentials.insert(stored('ada'))
  const record = async (nonce: string) => {
    const whose = { timestamp: NOW, credential: 'ada', keyNumber: 1, now: NOW }
    return (await nonces.record({ ...whose, nonce })).verdict
  }
  const refuse = () => {
    throw new TypeError('no')
  }
  // At one of these moments, the nonce is recorded during the transaction of the change.
  for (let moment = 0; moment < 40; moment++) {
    await setImmediate()
    await setImmediate()
    const change = credentials.edit('ada', NOW, refuse)
    change.catch(() => {})
    for (let turn = 0; turn < moment; turn++) await null
    const first = record(`n${moment}`)
    await expect(change).rejects.toThrow()
    expect(await first).toBe('new')
    expect(await record(`n${moment}`)).toBe('seen')
  }
  await close()
})
