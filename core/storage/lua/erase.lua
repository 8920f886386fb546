-- Forget a record, and what opens its images, which become due for erasure now; what was to be delivered about it is
-- forgotten with it.
-- KEYS: record, erasures, deliveries that are due, and, to withdraw it, the claim it was made for, where there is one.
-- ARGV: 1 id, 2 kind, 3 now, 4 kind of deliveries,
--       5 for how many seconds a record that is not there may not come to be ('0': it may): its creation is under way.
local function forget(kind, id, owner, status)
  redis.call('DEL', kind .. ':' .. id)
  leave(kind, id, owner, status)
end

if KEYS[4] then
  local subject, told = unpack(redis.call('HMGET', KEYS[4], 'subject', 'told'))
  if subject == ARGV[1] and told then return 'told' end
end
local status, owner, images, event, deliveries, shards, expires, uploads = unpack(redis.call(
  'HMGET', KEYS[1], 'status', 'owner', 'images_key', 'event_id', 'deliveries', 'shards', 'expires_at', 'uploads'))
-- A deletion first: a full server refuses a script at its first write, unless that one frees memory.
forget(ARGV[2], ARGV[1], owner, status)
redis.call('SET', 'answer:' .. ARGV[1], '', 'XX', 'KEEPTTL') -- what was answered when it was made; nothing: it is erased
if not (status or images) then
  if ARGV[5] ~= '0' then redis.call('SET', ARGV[2] .. '-withdrawn:' .. ARGV[1], '', 'EX', ARGV[5]) end
  return 'missing'
end
if expires then redis.call('ZREM', ARGV[2] .. '-deadlines', ARGV[1]) end
if shards then
  redis.call('DEL', KEYS[1] .. ':rows', KEYS[1] .. ':photographs')
  forget_shards(ARGV[1], shards)
end
if images then
  redis.call('ZADD', KEYS[2], ARGV[3], images)
  redis.call('DEL', 'seal:' .. images)
end
for upload in string.gmatch(uploads or '', '[^,]+') do
  -- Nothing was accepted that is withdrawn: its uploads may be named again.
  if ARGV[5] ~= '0' then open_upload(upload) else end_upload(upload, ARGV[3]) end
end
for delivery in string.gmatch(deliveries or event or '', '[^,]+') do
  redis.call('ZREM', KEYS[3], delivery)
  forget(ARGV[4], delivery, unpack(redis.call('HMGET', ARGV[4] .. ':' .. delivery, 'owner', 'status')))
end
return 'erased'
