-- Write on a claim what it makes, before it is made.  KEYS: claim.  ARGV: token, subject, leased until.
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'subject', ARGV[2], 'leased_until', ARGV[3])
return 1
