import { createHash } from 'node:crypto'

/** Into how many sets the nonces of one second go: a set of up to 512 numbers takes about 8 bytes for each. */
export const BUCKETS = 256

/** A script, and the hash by which Redis knows it once it was loaded. */
export interface Script {
  readonly text: string
  readonly sha1: string
}

/**
 * Records a batch of nonces, in one atomic step and by the clock of Redis.
 *
 * The state keeps the replication id of the server, which changes if it is started anew, or if a replica takes
 * over, and the number of keys that it has evicted. If one of them has changed, or the state is missing, nonces
 * may be lost. All of them had timestamps of at most `now + ahead`, so the floor is raised above that.
 *
 * A primary also draws a new replication id if its first replica comes. Then the process is the same, it has no
 * earlier id, and it never copied anything from another. If it was a replica for a while, it has lost what the
 * other had not; it forgets its earlier id some time (`repl-backlog-ttl`) after its last replica has left.
 *
 * A replica records nothing, even if it may be written: its primary does not get what is recorded there, and both
 * have the same replication id.
 *
 * The first write must be one that Redis refuses if its memory is full: then it refuses the whole script.
 *
 * - `KEYS`: the state, the seconds, and the set of each nonce.
 * - `ARGV`: how far ahead a timestamp may be; the salt; `first` if there are no nonces yet, `lost` if there are
 *   some that this Redis does not know, `again` if the state was at least so far ahead before (otherwise it is an
 *   earlier state, of a replica that lagged behind), or nothing. Then for each timestamp: itself, the number of its
 *   nonces, and their fingerprints.
 *
 * It returns `salt`, a space and the salt of the state, if that is another one. A new state always has a new salt, so
 * that another database of the same Redis has another one too. Otherwise it returns the floor,
 * the latest timestamp that is accepted, and a letter for each nonce: `n`ew, `s`een, `f`orgotten or `a`head.
 */
export const RECORD: Script = script(`
local replication = redis.call('INFO', 'replication')
local id = replication:match('master_replid:(%x+)')
local stats = redis.call('INFO', 'stats')
local evicted = tonumber(stats:match('evicted_keys:(%d+)'))
if not id or not evicted then
  return redis.error_reply('ERR INFO has no master_replid or no evicted_keys')
end
if not replication:find('role:master', 1, true) then
  return redis.error_reply('READONLY this is a replica')
end
local time = redis.call('TIME')
local now = tonumber(time[1])
local ahead, salt = tonumber(ARGV[1]), ARGV[2]
local known = redis.call('HMGET', KEYS[1], 'floor', 'ahead', 'id', 'run', 'evicted', 'salt')
local exists = known[1] and known[2] and known[3] and known[4] and known[5] and known[6]
if exists and known[6] ~= salt then return 'salt ' .. known[6] end
if exists then ahead = math.max(ahead, tonumber(known[2])) end
local floor, run = tonumber(known[1] or 0), known[4]
local lost = ARGV[3] == 'lost'
if not exists then
  lost = ARGV[3] ~= 'first'
elseif ARGV[3] == 'again' and tonumber(ARGV[1]) > tonumber(known[2]) then
  lost = true
elseif evicted ~= tonumber(known[5]) and evicted > 0 then
  lost = true
end
if not exists or id ~= known[3] then
  run = redis.call('INFO', 'server'):match('run_id:(%x+)') or ''
  local before = replication:match('master_replid2:(%x+)')
  local copied = stats:match('total_net_repl_input_bytes:(%d+)')
  local same = run ~= '' and run == known[4] and before and not before:find('[^0]') and copied == '0'
  if exists and not same then lost = true end
end
if not exists then salt = redis.sha1hex(table.concat({salt, id, time[1], time[2]}, ' ')) end
if lost then floor = math.max(floor, now + ahead + 1) end
if not exists or lost or id ~= known[3] or evicted ~= tonumber(known[5]) or ahead ~= tonumber(known[2]) then
  redis.call('HSET', KEYS[1], 'floor', floor, 'ahead', ahead, 'id', id, 'run', run, 'evicted', evicted, 'salt', salt)
end
if not exists then return 'salt ' .. salt end
local verdicts = {}
local at, key = 4, 2
while at < #ARGV do
  local timestamp, count = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local fresh = 0
  for member = at + 2, at + 1 + count do
    key = key + 1
    if timestamp < floor then
      verdicts[#verdicts + 1] = 'f'
    elseif timestamp > now + ahead then
      verdicts[#verdicts + 1] = 'a'
    elseif redis.call('SADD', KEYS[key], ARGV[member]) == 1 then
      verdicts[#verdicts + 1] = 'n'
      fresh = fresh + 1
    else
      verdicts[#verdicts + 1] = 's'
    end
  end
  if fresh > 0 then redis.call('HINCRBY', KEYS[2], ARGV[at], fresh) end
  at = at + 2 + count
end
return string.format('%.0f %.0f ', floor, now + ahead) .. table.concat(verdicts)
`)

/**
 * Raises the floor, and removes the nonces of seconds below it, in one atomic step. Without a state it does
 * nothing: the next batch then raises the floor above all nonces.
 *
 * - `KEYS`: the state, the seconds, and all sets of each second.
 * - `ARGV`: the floor, and the seconds.
 *
 * It returns how many nonces it removed.
 */
export const REMOVE: Script = script(`
local floor = redis.call('HGET', KEYS[1], 'floor')
if not floor then return 0 end
if tonumber(floor) < tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'floor', ARGV[1]) end
local removed = 0
for at = 2, #ARGV do
  local first = 3 + (at - 2) * ${BUCKETS}
  removed = removed + tonumber(redis.call('HGET', KEYS[2], ARGV[at]) or 0)
  redis.call('UNLINK', unpack(KEYS, first, first + ${BUCKETS - 1}))
  redis.call('HDEL', KEYS[2], ARGV[at])
end
return removed
`)

/** Returns the seconds of which there are nonces, each followed by how many. */
export const SECONDS: Script = script(`return redis.call('HGETALL', KEYS[1])`)

/** Returns a section of INFO. As a script, it runs on the node of a cluster that has the key. */
export const INFO: Script = script(`return redis.call('INFO', ARGV[1])`)

function script(text: string): Script {
  return { text, sha1: createHash('sha1').update(text).digest('hex') }
}
