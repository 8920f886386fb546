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

-- An upload is a photograph that its client puts into the object store. Until a record takes it, it is due for erasure
-- soon after it expires; from then on when that record is through with it.
local function is_open_upload(id, now)
  local expires_at, taken_by = unpack(redis.call('HMGET', 'upload:' .. id, 'expires_at', 'taken_by'))
  return expires_at and not taken_by and tonumber(expires_at) > tonumber(now)
end

local function open_upload(id)
  local expires_at, erase_at, forget_at, owner = unpack(
    redis.call('HMGET', 'upload:' .. id, 'expires_at', 'erase_at', 'forget_at', 'owner'))
  if not expires_at then return end
  redis.call('HDEL', 'upload:' .. id, 'taken_by')
  redis.call('EXPIREAT', 'upload:' .. id, forget_at)
  redis.call('ZADD', 'uploads-open:' .. (owner or ''), expires_at, id)
  redis.call('ZADD', 'erasures', erase_at, 'uploads/' .. id)
end

local function take_upload(id, by)
  redis.call('HSET', 'upload:' .. id, 'taken_by', by)
  redis.call('PERSIST', 'upload:' .. id)
  redis.call('ZREM', 'uploads-open:' .. (redis.call('HGET', 'upload:' .. id, 'owner') or ''), id)
  redis.call('ZREM', 'erasures', 'uploads/' .. id)
end

local function end_upload(id, now)
  redis.call('ZADD', 'erasures', now, 'uploads/' .. id)
  local created_at, forget_at = unpack(redis.call('HMGET', 'upload:' .. id, 'created_at', 'forget_at'))
  if not created_at then return end
  redis.call('HDEL', 'upload:' .. id, 'seal_key')
  redis.call('EXPIRE', 'upload:' .. id, math.ceil(forget_at - created_at))
end

-- The outbox: a record that comes to be with a step of another, and when it is to be looked at.
local function put_out(out, owner)
  local key = out.kind .. ':' .. out.id
  redis.call('HSET', key, unpack(out.fields))
  if owner and owner ~= '' then redis.call('HSET', key, 'owner', owner) end
  redis.call('ZADD', out.due_index, out.due_at, out.id)
  enter(out.kind, out.id, owner, out.status)
end
