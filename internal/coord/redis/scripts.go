package redis

import "github.com/redis/go-redis/v9"

// The queue is four keys, in this order in KEYS: the stream of entries, the hash that says for each key which entry stands for it
// (one letter, the entry's id, "|" and the consumer that works on it; w = waits, p = in progress, d = in progress and woken again),
// the sorted set of delayed keys by due time in milliseconds, and that of the consumers by when they were last heard of. ARGV begins with the
// group and this consumer.
const queueLib = `
local stream, states, later, replicas = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local group, me = ARGV[1], ARGV[2]

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function state(key)
  local text = redis.call('HGET', states, key)
  if not text then return nil end
  return string.match(text, '^(%a)([^|]*)|(.*)$')
end

local function put(key, letter, id, owner)
  redis.call('HSET', states, key, letter .. id .. '|' .. owner)
end

local function enqueue(key)
  put(key, 'w', redis.call('XADD', stream, '*', 'key', key), '')
end

local function remove(id)
  redis.call('XACK', stream, group, id)
  redis.call('XDEL', stream, id)
end

-- A state whose entry is gone (evicted, deleted by hand) must not swallow wake-ups for ever.
local function wake(key)
  local letter, id, owner = state(key)
  if not letter or #redis.call('XRANGE', stream, id, id) == 0 then
    enqueue(key)
  elseif letter == 'p' then
    put(key, 'd', id, owner)
  end
end

-- In milliseconds until the first delayed key is due, -1 if there is none.
local function untilDue()
  local first = redis.call('ZRANGE', later, 0, 0, 'WITHSCORES')
  if #first == 0 then return -1 end
  return math.max(0, tonumber(first[2]) - now())
end
`

// settleScript ends work and wakes keys. ARGV[3] is the number of ends, each of key, entry id and delay in milliseconds; the rest are keys
// to wake.
var settleScript = redis.NewScript(queueLib + `
local ends = tonumber(ARGV[3])
for n = 0, ends - 1 do
  local key, id, delay = ARGV[4 + 3 * n], ARGV[5 + 3 * n], tonumber(ARGV[6 + 3 * n])
  local letter, current, owner = state(key)
  local again = false
  if letter and current == id and owner == me then
    remove(id)
    redis.call('HDEL', states, key)
    again = letter == 'd'
    if again then enqueue(key) end
  end
  if delay > 0 and not again then redis.call('ZADD', later, 'LT', now() + delay, key) end
end
for n = 4 + 3 * ends, #ARGV do wake(ARGV[n]) end
return 0
`)

// startScript marks entries as worked on here and answers the ids that may be: not those of another replica, nor a second entry for a
// key. ARGV[3] is "claimed" for entries taken over from a silent consumer; then pairs of id and key.
var startScript = redis.NewScript(queueLib + `
local claimed, started = ARGV[3] == 'claimed', {}
for n = 4, #ARGV, 2 do
  local id, key = ARGV[n], ARGV[n + 1]
  local letter, current, owner = state(key)
  if letter and current ~= id then
    remove(id)
  elseif not letter or letter == 'w' or owner == me or claimed then
    put(key, 'p', id, me)
    started[#started + 1] = id
  end
end
return started
`)

// giveBackScript puts entries that were read and not started at the end of the stream. ARGV: pairs of id and key.
var giveBackScript = redis.NewScript(queueLib + `
for n = 3, #ARGV, 2 do
  local letter, id = state(ARGV[n + 1])
  remove(ARGV[n])
  if not letter or (letter == 'w' and id == ARGV[n]) then enqueue(ARGV[n + 1]) end
end
return 0
`)

// tendScript keeps the entries in hand alive, wakes delayed keys that are due, and answers untilDue and how many consumers were heard of in the last
// ARGV[3] milliseconds; then pairs of id and key.
var tendScript = redis.NewScript(queueLib + `
for n = 4, #ARGV, 2 do
  local letter, id, owner = state(ARGV[n + 1])
  if letter and id == ARGV[n] and owner == me then
    redis.call('XCLAIM', stream, group, me, 0, id, 'JUSTID')
  end
end
for _, key in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', now(), 'LIMIT', 0, 256)) do
  redis.call('ZREM', later, key)
  wake(key)
end
local at = now()
redis.call('ZADD', replicas, at, me)
redis.call('ZREMRANGEBYSCORE', replicas, '-inf', at - tonumber(ARGV[3]))
return {untilDue(), redis.call('ZCARD', replicas)}
`)

// leaveScript gives what this consumer has in hand back to the others and removes it from the group.
var leaveScript = redis.NewScript(queueLib + `
local pending = redis.call('XPENDING', stream, group, '-', '+', 1000, me)
for _, item in ipairs(pending) do
  local id = item[1]
  local entry = redis.call('XRANGE', stream, id, id)[1]
  remove(id)
  if entry then
    local key = entry[2][2]
    local letter, current = state(key)
    if not letter or current == id then enqueue(key) end
  end
end
if #pending < 1000 then redis.call('XGROUP', 'DELCONSUMER', stream, group, me) end
redis.call('ZREM', replicas, me)
return #pending
`)

// sweepScript removes consumers that have nothing in hand and were silent for ARGV[3] milliseconds.
var sweepScript = redis.NewScript(queueLib + `
for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
  local consumer = {}
  for n = 1, #fields, 2 do consumer[fields[n]] = fields[n + 1] end
  if consumer.name ~= me and consumer.pending == 0 and consumer.idle > tonumber(ARGV[3]) then
    redis.call('XGROUP', 'DELCONSUMER', stream, group, consumer.name)
  end
end
return 0
`)
