-- Forget a record, and what opens its images, which become due for erasure now; what was to be delivered about it is
-- forgotten with it.
-- KEYS: record, erasures, deliveries that are due.  ARGV: 1 id, 2 kind, 3 now, 4 kind of deliveries.
local function forget(kind, id)
  local status, owner = unpack(redis.call('HMGET', kind .. ':' .. id, 'status', 'owner'))
  redis.call('DEL', kind .. ':' .. id)
  leave(kind, id, owner, status)
end

local status, images, event, deliveries = unpack(
  redis.call('HMGET', KEYS[1], 'status', 'images_key', 'event_id', 'deliveries'))
if not status then return 0 end
if images then
  redis.call('ZADD', KEYS[2], ARGV[3], images)
  redis.call('DEL', 'seal:' .. images)
end
for delivery in string.gmatch(deliveries or event or '', '[^,]+') do
  redis.call('ZREM', KEYS[3], delivery)
  forget(ARGV[4], delivery)
end
forget(ARGV[2], ARGV[1])
return 1
