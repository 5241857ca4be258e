import { describe } from '../support/runner.ts'
import { SQLITE } from './contract-stores.ts'
import { storeContract } from './store-contract.ts'

// "npm run test:stores" runs the contracts on every engine, driver and runtime.
for (const store of SQLITE) {
  const opener = await store.start()
  describe(`${store.engine}, ${store.driver}:`, () => storeContract(opener))
}
