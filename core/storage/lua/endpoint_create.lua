-- Register an endpoint, unless its owner has as many as it may; created a second time, it stays what it has become.
-- KEYS: endpoint, all of them, those of its owner.  ARGV: 1 id, 2 most of one owner, 3... field, value, ...
if redis.call('EXISTS', KEYS[1]) == 1 then return 1 end
if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('ZADD', KEYS[2], 0, ARGV[1])
redis.call('ZADD', KEYS[3], 0, ARGV[1])
return 1
