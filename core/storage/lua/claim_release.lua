-- Forget a claim, if it is still the caller's and what was made for it is gone: one that names a record stays with it.
-- KEYS: claim.  ARGV: token.
local token, record = unpack(redis.call('HMGET', KEYS[1], 'token', 'record'))
if token ~= ARGV[1] or (record and redis.call('EXISTS', record) == 1) then return 0 end
redis.call('DEL', KEYS[1])
return 1
