import { databaseSource } from '../../src/store/database-url.ts'
import { openStore } from '../../src/store/open.ts'

// Opens the database of the first argument, reads from it, and closes it.
const store = await openStore(databaseSource(process.argv[2]))
await store.credentials.list(null)
await store.close()
