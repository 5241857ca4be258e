// Adds 100,000 credentials to the database in the working directory, by one statement. Then prints a URL.
const SEED = `with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 100000)
  insert into mac_credentials (id, user, key, algorithm, label, created, expires)
  select printf('seeded-%06d', n), 'user ' || n, 'never used to sign, but long enough', 'hmac-sha-256',
  'label ' || n, 1700000000 + n, null from numbers`

if (process.versions.bun !== undefined) {
  const { Database } = await import('bun:sqlite')
  new Database('mac.db').run(SEED)
} else {
  const { DatabaseSync } = await import('node:sqlite')
  new DatabaseSync('mac.db').exec(SEED)
}
console.log('http://localhost/ has its credentials')
