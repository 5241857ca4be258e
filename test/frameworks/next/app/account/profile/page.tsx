import { macUser } from '../../../lib/mac-user'

export default async function Page() {
  return <h1>Signed by {await macUser()}</h1>
}
