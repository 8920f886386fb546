-- Note a question about runs, and say whether it is to be sent: 1; 0 where it was a moment ago; -1 where too many are open.
-- KEYS: inquiry, those that are open.
-- ARGV: 1 its digest, 2 now, 3 until when it is not sent again, 4 how many may be open, 5 the question, 6 kept so long.
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[2])
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[4]) then return -1 end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('HSET', KEYS[1], 'request', ARGV[5])
redis.call('EXPIRE', KEYS[1], ARGV[6])
return 1
