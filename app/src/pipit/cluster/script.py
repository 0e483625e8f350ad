"""What Redis does in one go: the only place where slots are granted."""

KEYS = ("{pipit:cluster}:state", "{pipit:cluster}:members", "{pipit:cluster}:slots")
"""One hash tag, so that all three lie on one node of a Redis Cluster.

state: run, era, version, token, beat. members: id to "beat phase address". slots: number to "id
token".
"""

SCRIPT = """
local op, call, id, address, phase = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local seen_token, known_version = tonumber(ARGV[6]), ARGV[7]
local state, members, slots = KEYS[1], KEYS[2], KEYS[3]

-- A Redis that was restarted may have lost, or fallen back to, anything: begin a new era.
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
if redis.call('HGET', state, 'run') ~= run then
  redis.call('DEL', state, members, slots)
  redis.call('HSET', state, 'run', run, 'era', call, 'version', 0, 'token', 0, 'beat', 0)
end
-- Tokens rise from the highest that anybody has seen, whatever Redis has lost.
if seen_token > tonumber(redis.call('HGET', state, 'token')) then
  redis.call('HSET', state, 'token', seen_token)
end

local changed = false
local function holder(slot)
  local lease = redis.call('HGET', slots, slot)
  return lease and string.match(lease, '^(%S+)')
end
local function free(gone)
  for _, slot in ipairs(redis.call('HKEYS', slots)) do
    if holder(slot) == gone then redis.call('HDEL', slots, slot) end
  end
  redis.call('HDEL', members, gone)
  changed = true
end

local before = redis.call('HGET', members, id)
if op == 'join' then  -- ARGV: slot, token, ...: leases that still hold
  changed = not before
  before = before or ''
  for i = 8, #ARGV, 2 do
    if not holder(ARGV[i]) then
      redis.call('HSET', slots, ARGV[i], id .. ' ' .. ARGV[i + 1])
      changed = true
    end
  end
elseif before and op == 'evict' then  -- ARGV: id, beat, ...: those who have not moved since
  for i = 8, #ARGV, 2 do
    local member = redis.call('HGET', members, ARGV[i])
    if member and string.match(member, '^%d+') == ARGV[i + 1] then free(ARGV[i]) end
  end
elseif before and op == 'claim' then  -- ARGV: slots
  for i = 8, #ARGV do
    if not holder(ARGV[i]) then
      local token = redis.call('HINCRBY', state, 'token', 1)
      redis.call('HSET', slots, ARGV[i], id .. ' ' .. token)
      changed = true
    end
  end
elseif before and op == 'release' then  -- ARGV: slots
  for i = 8, #ARGV do
    if holder(ARGV[i]) == id then
      redis.call('HDEL', slots, ARGV[i])
      changed = true
    end
  end
elseif before and op == 'leave' then
  free(id)
  before = false
end

if before then  -- every word of a member is a sign of life
  local beat = redis.call('HINCRBY', state, 'beat', 1)
  redis.call('HSET', members, id, beat .. ' ' .. phase .. ' ' .. address)
  changed = changed or string.match(before, '^%d+ (%a+)') ~= phase
end
if changed then redis.call('HINCRBY', state, 'version', 1) end
local era, version = unpack(redis.call('HMGET', state, 'era', 'version'))
local table = {}
if era .. ' ' .. version ~= known_version then table = redis.call('HGETALL', slots) end
return {before and 1 or 0, era, tonumber(version), redis.call('HGETALL', members), table, call}
"""
