import { storeContract } from '../../store/store-contract.ts'
import { MATRIX, nameOf } from './matrix.ts'

// The runner starts this file once for each kind of store, which a variable of the environment names.
const name = process.env.WITHMAC_CONTRACT_STORE ?? 'SQLite, in memory'
const row = MATRIX.find(({ store }) => nameOf(store) === name)
if (row === undefined) throw new Error(`There is no store ${JSON.stringify(name)}.`)
storeContract(await row.store.start())
