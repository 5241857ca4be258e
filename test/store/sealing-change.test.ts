import type { Mac, MacOptions } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { type Given, open, outcomes } from '../support/sealed-mac.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'

const [ONE, TWO] = [sealingKeyOf('one'), sealingKeyOf('two')]

test('servers can change the sealing key one after the other, and all requests are accepted', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const made: Given[] = []
  const both = async (...macs: Mac[]) => {
    for (const mac of macs) {
      made.push(await mac.createCredential('ada'))
      const [first] = made
      if (first !== undefined && made.length % 3 === 0) {
        made.push(await mac.rotateCredential(first.id, { endEarlierGrace: true }))
        made.splice(made.indexOf(first), 1)
      }
    }
    for (const mac of macs) expect(await outcomes(mac, made.slice(-4))).toEqual(['200'])
  }
  const restart = async (mac: Mac, sealingKey: MacOptions['sealingKey']) => {
    await mac.close()
    const again = open(path, sealingKey)
    await again.ready()
    return again
  }
  let [here, there] = [open(path, ONE), open(path, ONE)]
  await both(here, there)
  // Before any server seals with the new key, all servers can open with it.
  for (const keys of [
    [ONE, TWO],
    [TWO, ONE],
  ]) {
    here = await restart(here, keys)
    await both(here, there)
    there = await restart(there, keys)
    await both(here, there)
  }
  expect(await here.reseal()).toMatchObject({ unopened: [], logEmptied: true })
  here = await restart(here, TWO)
  await both(here, there)
  there = await restart(there, TWO)
  await both(here, there)
  await Promise.all([here.close(), there.close()])
})
