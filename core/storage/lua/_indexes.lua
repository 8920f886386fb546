-- Which lists a record is in. Every member of a list has the score 0, so a list is in the order of the ids, and ids sort
-- by creation time. A record `<kind>:<id>` is in `<kind>s:all` and in `<kind>s:status:<status>`; one that has an owner is
-- in `<kind>s:of:<owner>:all` and `<kind>s:of:<owner>:status:<status>` as well.
local function lists(kind, owner)
  if owner and owner ~= '' then return {kind .. 's:', kind .. 's:of:' .. owner .. ':'} end
  return {kind .. 's:'}
end

local function enter(kind, id, owner, status)
  for _, list in ipairs(lists(kind, owner)) do
    redis.call('ZADD', list .. 'all', 0, id)
    redis.call('ZADD', list .. 'status:' .. status, 0, id)
  end
end

local function move(kind, id, owner, from, to)
  if from == to then return end
  for _, list in ipairs(lists(kind, owner)) do
    redis.call('ZREM', list .. 'status:' .. from, id)
    redis.call('ZADD', list .. 'status:' .. to, 0, id)
  end
end

local function leave(kind, id, owner, status)
  for _, list in ipairs(lists(kind, owner)) do
    redis.call('ZREM', list .. 'all', id)
    if status then redis.call('ZREM', list .. 'status:' .. status, id) end
  end
end

-- A batch has its shards in records of their own, for as long as they are to be done, and what came of them beside it.
local function shard_of(batch, number) return string.format('%s.%05d', batch, number) end

local function enter_shards(batch, owner, now, shards)
  for id, request in pairs(shards) do
    redis.call('HSET', 'shard:' .. id, 'status', 'queued', 'version', 1, 'created_at', now, 'request', request)
    if owner ~= '' then redis.call('HSET', 'shard:' .. id, 'owner', owner) end
    enter('shard', id, owner, 'queued')
  end
end

local function forget_shard(id)
  local status, owner = unpack(redis.call('HMGET', 'shard:' .. id, 'status', 'owner'))
  if not status then return false end
  redis.call('DEL', 'shard:' .. id, 'shard-lease:' .. id)
  leave('shard', id, owner, status)
  return true
end

local function forget_shards(batch, count)
  for number = 0, count - 1 do forget_shard(shard_of(batch, number)) end
end

-- The outbox: a record that comes to be with a step of another, and when it is to be looked at.
local function put_out(out, owner)
  local key = out.kind .. ':' .. out.id
  redis.call('HSET', key, unpack(out.fields))
  if owner and owner ~= '' then redis.call('HSET', key, 'owner', owner) end
  redis.call('ZADD', out.due_index, out.due_at, out.id)
  enter(out.kind, out.id, owner, out.status)
end
