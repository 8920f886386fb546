-- Claim an idempotency key, or learn what became of it.
-- KEYS: claim.  ARGV: 1 fingerprint, 2 token, 3 now, 4 lease in seconds, 5 how long a claim is kept,
--                     6 the subject that is known to be missing (''): a claim for it is open once its lease is over.
local found = redis.call('HMGET', KEYS[1], 'fingerprint', 'leased_until', 'subject', 'token')
if found[1] then
  if found[1] ~= ARGV[1] then return {'reused'} end
  if found[4] == ARGV[2] then return {'claimed'} end -- the same call, whose answer was lost on its way
  local left = tonumber(found[2]) - tonumber(ARGV[3])
  if found[3] and found[3] ~= ARGV[6] then
    redis.call('HSET', KEYS[1], 'told', 1) -- from now on somebody counts on it, and it is not withdrawn
    return {'known', found[3]}
  end
  if left > 0 then return {'in_flight', tostring(left)} end
  redis.call('DEL', KEYS[1])
end
redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], 'token', ARGV[2], 'leased_until', ARGV[3] + ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return {'claimed'}
