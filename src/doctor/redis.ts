import { type NonceSource, nonceLabel } from '../store/nonce-source.ts'
import { type RedisConnection, redisConnection, runScript } from '../store/redis/client.ts'
import { INFO } from '../store/redis/script.ts'
import { shardsOf } from '../store/redis/shards.ts'
import { clockFinding } from './clock.ts'
import { bytes } from './file.ts'
import { bad, type Finding, good, note } from './finding.ts'
import { roundTripFinding } from './round-trip.ts'

/** How long each answer may take, in seconds. */
const PATIENCE_SECONDS = 3
/** Above this share of maxmemory, Redis is nearly full. */
const NEARLY_FULL = 0.8

type Shards = ReturnType<typeof shardsOf>

/** A server with nonces: the only one, or a node of a cluster. */
interface Node {
  /** Its name in findings. */
  readonly name: string
  /** A key that it has. */
  readonly key: string
  /** The fields of INFO. */
  readonly info: ReadonlyMap<string, string>
}

/**
 * Checks a Redis or Valkey with nonces. It only reads, does not search for keys, and waits for each answer for at
 * most three seconds. Of a cluster, it checks each node that has nonces.
 */
export async function redisFindings(source: NonceSource): Promise<Finding[]> {
  const label = nonceLabel(source)
  const found: Finding[] = []
  let redis: RedisConnection | null = null
  try {
    redis = await redisConnection(source, label, PATIENCE_SECONDS)
    const [single] = shardsOf(source.keyPrefix, false)
    const key = single?.state ?? ''
    const began = performance.now()
    const info = await infoOf(redis, key)
    const tookFirst = performance.now() - began
    const isCluster = info.get('cluster_enabled') === '1'
    const shards = shardsOf(source.keyPrefix, isCluster)
    found.push(serverFinding(info, source.url === null ? null : label))
    if (isCluster) found.push(await clusterFinding(redis, key))
    const time = () => (redis as RedisConnection).send(key, ['TIME'])
    found.push(await roundTripFinding('Redis', time, tookFirst))
    for (const node of await nodesOf(redis, shards, isCluster)) {
      found.push(
        ...roleFindings(
          node,
          isCluster ? null : await setting(redis, key, 'min-replicas-to-write'),
        ),
        evictionFinding(node),
        memoryFinding(node),
        persistenceFinding(node, isCluster ? null : await setting(redis, key, 'save')),
      )
    }
    found.push(await stateFinding(redis, shards, source.keyPrefix))
    found.push(await clockFinding('the clock of Redis', async () => secondsOf(await time())))
    return found
  } catch (error) {
    const [text, advice] = whyUnreachable(error)
    const what = found.length === 0 ? `${label} cannot be used` : `${label} stopped answering`
    return [...found, bad('redis', `${what}: ${text}; every request gets a 503`, advice)]
  } finally {
    await redis?.close().catch(() => {})
  }
}

/** Returns the fields of INFO, from the node that has this key. */
async function infoOf(redis: RedisConnection, key: string): Promise<Node['info']> {
  const text = String(await runScript(redis, INFO, [key], ['default']))
  const fields = [...text.matchAll(/^(\w+):([^\r\n]*)/gm)]
  return new Map(fields.map(([, name = '', value = '']) => [name, value]))
}

/** Returns each node that has a shard, once. */
async function nodesOf(
  redis: RedisConnection,
  shards: Shards,
  isCluster: boolean,
): Promise<readonly Node[]> {
  const nodes = new Map<string, Node>()
  for (const { state: key } of shards) {
    const info = await infoOf(redis, key)
    const name = isCluster ? `node ${info.get('tcp_port') ?? nodes.size + 1}` : ''
    nodes.set(info.get('run_id') ?? key, { name, key, info })
  }
  return [...nodes.values()]
}

function serverFinding(info: Node['info'], label: string | null): Finding {
  const valkey = info.get('valkey_version')
  const version = valkey === undefined ? `Redis ${info.get('redis_version')}` : `Valkey ${valkey}`
  const at = label === null ? 'your own client' : label
  return good('redis', `${version} at ${at}, mode ${info.get('redis_mode') ?? 'unknown'}`)
}

async function clusterFinding(redis: RedisConnection, key: string): Promise<Finding> {
  const text = String(await redis.send(key, ['CLUSTER', 'INFO']))
  const read = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(text)?.[1] ?? 'unknown'
  const said = `${read('cluster_size')} primaries, ${read('cluster_slots_ok')} of 16384 slots work`
  if (read('cluster_state') === 'ok') return good('cluster', said)
  return bad('cluster', `${said}: requests get a 503`, 'look at: redis-cli cluster nodes')
}

function roleFindings({ name, info }: Node, least: string | null): Finding[] {
  const subject = named('primary', name)
  if (info.get('role') !== 'master') {
    const of = `${info.get('master_host')}:${info.get('master_port')}`
    const text = `this server is a replica of ${of}: nothing can be recorded here, so every request gets a 503`
    return [bad(subject, text, 'use the address of the primary')]
  }
  const replicas = Number(info.get('connected_slaves') ?? 0)
  if (replicas === 0) return [good(subject, 'this server is the primary, and has no replicas')]
  const many = replicas === 1 ? 'one replica' : `${replicas} replicas`
  if (Number(least ?? 0) > 0) {
    return [good(subject, `the primary, with ${many}; min-replicas-to-write is ${least}`)]
  }
  const text = `the primary, with ${many}, but it does not stop if it loses them (min-replicas-to-write is ${least ?? 'not known'}): after a network failure there may be two primaries for a while, and a request could be accepted once by each`
  return [note(subject, text, 'set min-replicas-to-write 1, and min-replicas-max-lag 10')]
}

function evictionFinding({ name, info }: Node): Finding {
  const subject = named('eviction', name)
  const policy = info.get('maxmemory_policy') ?? 'unknown'
  const evicted = Number(info.get('evicted_keys') ?? 0)
  if (policy !== 'noeviction') {
    const text = `maxmemory-policy is ${policy}: if memory is full, nonces could be forgotten, so every request gets a 503`
    const advice = 'config set maxmemory-policy noeviction, and write it into redis.conf'
    return bad(subject, text, advice)
  }
  if (evicted === 0) return good(subject, 'never (noeviction)')
  const text = `never (noeviction), but ${evicted} keys were evicted since it started, when the policy was another`
  return note(subject, text, 'withmac notices it, and rejects requests from before')
}

function memoryFinding({ name, info }: Node): Finding {
  const subject = named('memory', name)
  const used = Number(info.get('used_memory') ?? 0)
  const most = Number(info.get('maxmemory') ?? 0)
  if (most === 0) {
    const text = `${bytes(used)} used, and no limit (maxmemory is 0)`
    const advice =
      'set maxmemory below the memory of the machine: otherwise the system may kill Redis'
    return note(subject, text, advice)
  }
  const text = `${bytes(used)} of ${bytes(most)} used`
  if (used < most * NEARLY_FULL) return good(subject, text)
  return bad(subject, `${text}: if it is full, every request gets a 503`, 'raise maxmemory')
}

/** @param save The option `save`; `null` if it is not known. */
function persistenceFinding({ name, info }: Node, save: string | null): Finding {
  const subject = named('persistence', name)
  const log = info.get('aof_enabled') === '1'
  const failed = [
    ...(log && info.get('aof_last_write_status') === 'err' ? ['the append-only file'] : []),
    ...(info.get('rdb_last_bgsave_status') === 'err' ? ['the last snapshot'] : []),
  ]
  if (failed.length > 0) {
    const text = `${failed.join(' and ')} could not be written: Redis may refuse all writes, and then every request gets a 503`
    return bad(subject, text, 'look at its disk, and at its log')
  }
  const snapshots = save === null ? '' : `, snapshots ${save === '' ? 'off' : 'on'}`
  return good(
    subject,
    `append-only file ${log ? 'on' : 'off'}${snapshots}. With or without it, withmac trusts no nonces from before a restart: requests that were signed before it are rejected, so none is accepted twice`,
  )
}

/** What servers have recorded, and whether Redis was restarted since then. */
async function stateFinding(
  redis: RedisConnection,
  shards: Shards,
  prefix: string,
): Promise<Finding> {
  let count = 0
  let missing = 0
  let restarted = 0
  let floor = 0
  for (const { state, seconds } of shards) {
    const known = (await redis.send(state, ['HMGET', state, 'floor', 'id'])) as readonly unknown[]
    const id = (await infoOf(redis, state)).get('master_replid')
    if (typeof known[0] !== 'string' && !(known[0] instanceof Uint8Array)) missing++
    else if (String(known[1]) !== id) restarted++
    floor = Math.max(floor, Number(known[0] ?? 0))
    const counts = (await redis.send(seconds, ['HVALS', seconds])) as readonly unknown[]
    count += counts.reduce<number>((sum, each) => sum + Number(each), 0)
  }
  const text = `${count} stored in Redis, under the prefix ${prefix}`
  if (missing === shards.length) {
    return note(
      'state',
      `no server has recorded a nonce in this Redis under the prefix ${prefix}, or Redis has lost everything`,
      'if servers do use it: compare their nonceKeyPrefix, and the number of the database in the URL. If Redis was emptied, requests from before are rejected',
    )
  }
  if (missing > 0 || restarted > 0) {
    return note(
      'state',
      `${text}. Redis was restarted, or another server took over, since the last request: with the next one, requests that were signed earlier are rejected`,
    )
  }
  const left = floor - Math.floor(Date.now() / 1000)
  if (left <= 0) return good('state', text)
  return note(
    'state',
    `${text}. Redis has lost nonces: requests with timestamps of the next ${left} seconds are rejected too, so that none is accepted twice`,
    'wait; clients may sign again after that',
  )
}

/** Returns a setting, or `null` if it may not be read, as with many providers. */
async function setting(redis: RedisConnection, key: string, name: string): Promise<string | null> {
  try {
    const answer = await redis.send(key, ['CONFIG', 'GET', name])
    const value = Array.isArray(answer) ? answer[1] : (answer as Record<string, unknown>)[name]
    return value === undefined ? null : String(value)
  } catch {
    return null
  }
}

function secondsOf(answer: unknown): number {
  const [seconds, micros] = answer as readonly unknown[]
  return Number(seconds) + Number(micros) / 1e6
}

function named(subject: string, node: string): string {
  return node === '' ? `redis ${subject}` : `${subject}, ${node}`
}

const REASONS: readonly (readonly [RegExp, string])[] = [
  [
    /ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|EAI_AGAIN/,
    'is Redis running, and are host and port right?',
  ],
  [/NOAUTH|WRONGPASS/, 'look at the user and the password in the URL'],
  [/NOPERM/, 'let its user call eval, evalsha, info, time, and the commands of sets and hashes'],
  [/MOVED|CROSSSLOT/, 'it is a cluster: use a URL, or a client that is made for clusters'],
  [/LOADING/, 'it is starting: wait a moment'],
  [/\bTLS|SSL|EPROTO|closed/i, 'with TLS the URL begins with rediss:, without it with redis:'],
]

/** Returns why Redis cannot be used, in the words of the client, and what to do. */
function whyUnreachable(error: unknown): readonly [text: string, advice: string] {
  // Node tries all addresses of a host, and gives one error for all.
  const inner = (error as { errors?: readonly unknown[] } | null)?.errors?.[0] ?? error
  const text = ((inner as Error).message || String(inner))
    .replace(/^withmac: /, '')
    .replace(/\.$/, '')
  const advice = REASONS.find(([pattern]) => pattern.test(text))?.[1]
  return [text, advice ?? 'is it running, and do a firewall and TLS allow this connection?']
}
