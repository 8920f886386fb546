-- Forget a record; its images become due for erasure now, and what was to be delivered about it is forgotten with it.
-- KEYS: record, erasures, deliveries that are due.  ARGV: id, kind, now.
local function forget(kind, id)
  local status, owner = unpack(redis.call('HMGET', kind .. ':' .. id, 'status', 'owner'))
  redis.call('DEL', kind .. ':' .. id)
  for _, index in ipairs(owner and {kind .. 's:', kind .. 's:of:' .. owner .. ':'} or {kind .. 's:'}) do
    redis.call('ZREM', index .. 'all', id)
    if status then redis.call('ZREM', index .. 'status:' .. status, id) end
  end
end

if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local images = redis.call('HGET', KEYS[1], 'images_key')
if images then redis.call('ZADD', KEYS[2], ARGV[3], images) end
local event = redis.call('HGET', KEYS[1], 'event_id')
if event then
  redis.call('ZREM', KEYS[3], event)
  forget('delivery', event)
end
forget(ARGV[2], ARGV[1])
return 1
