// Run before the server starts, on the same MAC_DATABASE_URL. It can run twice: an existing credential stays.
import { createCredential } from 'withmac'

await createCredential('ada', {
  id: 'ada-laptop',
  key: 'only-for-development-and-tests',
  expires: null,
  ifExists: 'keep',
})
