-- Forget an upload that nothing has taken; its object is due for erasure.  KEYS: upload.  ARGV: 1 id, 2 now.
local created_at, taken_by, owner = unpack(redis.call('HMGET', KEYS[1], 'created_at', 'taken_by', 'owner'))
if not created_at then return 'missing' end
if taken_by then return taken_by end
redis.call('DEL', KEYS[1])
redis.call('ZREM', 'uploads-open:' .. (owner or ''), ARGV[1])
redis.call('ZADD', 'erasures', ARGV[2], 'uploads/' .. ARGV[1])
return 'erased'
