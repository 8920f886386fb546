-- One step of a record's life, or a refusal. Everything that must be true together is written together.
-- KEYS: record, erasures.
-- ARGV: 1 id, 2 allowed statuses (comma-separated), 3 new status, 4 kind (its indexes are `<kind>s:status:...`, and
--       `<kind>s:of:<owner>:status:...` for a record that has an owner),
--       5 channel to announce the end on ('': the new status is not terminal), 6 retention of an ended record
--       in seconds (0: it stays), 7 when its images are due for erasure, 8 attempts to add, 9... field, value, ...
local status = redis.call('HGET', KEYS[1], 'status')
if not status then return {'missing'} end
if not string.find(',' .. ARGV[2] .. ',', ',' .. status .. ',', 1, true) then return {'refused', status} end

redis.call('HSET', KEYS[1], 'status', ARGV[3], unpack(ARGV, 9))
redis.call('HINCRBY', KEYS[1], 'version', 1)
if ARGV[8] ~= '0' then redis.call('HINCRBY', KEYS[1], 'attempts', ARGV[8]) end
if status ~= ARGV[3] then
  local owner = redis.call('HGET', KEYS[1], 'owner')
  for _, index in ipairs(owner and {ARGV[4] .. 's:', ARGV[4] .. 's:of:' .. owner .. ':'} or {ARGV[4] .. 's:'}) do
    redis.call('ZREM', index .. 'status:' .. status, ARGV[1])
    redis.call('ZADD', index .. 'status:' .. ARGV[3], 0, ARGV[1])
  end
end
if ARGV[5] ~= '' then
  local images = redis.call('HGET', KEYS[1], 'images_key')
  if images then redis.call('ZADD', KEYS[2], ARGV[7], images) end
  if ARGV[6] ~= '0' then redis.call('EXPIRE', KEYS[1], ARGV[6]) end
  redis.call('PUBLISH', ARGV[5], ARGV[3])
end
return {'done', redis.call('HGETALL', KEYS[1])}
