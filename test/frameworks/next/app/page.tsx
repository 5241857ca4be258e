import { macUser } from '../lib/mac-user'

export default async function Page() {
  return <h1>Orders of {(await macUser()) ?? 'nobody'}</h1>
}
