-- Open uploads, all of them, unless their owner has as many as he may; created a second time, nothing changes.
-- KEYS: the owner's open ones.
-- ARGV: 1 now, 2 most of one owner, 3 the uploads (JSON: {id, [field, value, ...]}, each).
local uploads = cjson.decode(ARGV[3])
if redis.call('EXISTS', 'upload:' .. uploads[1][1]) == 1 then return -1 end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
local count = redis.call('ZCARD', KEYS[1])
if count + #uploads > tonumber(ARGV[2]) then return count end
for _, upload in ipairs(uploads) do
  redis.call('HSET', 'upload:' .. upload[1], unpack(upload[2]))
  open_upload(upload[1])
end
return -1
