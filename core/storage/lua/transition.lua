-- One step of a record's life, or a refusal. Everything that must be true together is written together.
-- KEYS: record, erasures, and, for a record that is leased while it runs, its lease.
-- ARGV: 1 id, 2 allowed statuses (comma-separated), 3 new status, 4 kind (its indexes are `<kind>s:status:...`, and
--       `<kind>s:of:<owner>:status:...` for a record that has an owner),
--       5 channel to announce the end on ('': the new status is not terminal), 6 retention of an ended record
--       in seconds (0: it stays), 7 when its images are due for erasure, 8 attempts to add,
--       9 the outbox ('', or JSON: a record that comes to be with this step, and when to look at it),
--       10 who takes the step, where only the holder of the lease may ('': anyone), 11 the lease in milliseconds,
--       12... field, value, ...
local status = redis.call('HGET', KEYS[1], 'status')
if not status then return {'missing'} end
if not string.find(',' .. ARGV[2] .. ',', ',' .. status .. ',', 1, true) then return {'refused', status} end
local attempts = ARGV[8]
if KEYS[3] then
  local holder = redis.call('GET', KEYS[3])
  if holder and ARGV[10] ~= '' and holder ~= ARGV[10] then return {'held', holder} end
  if holder and status == ARGV[3] then attempts = '0' end -- the same attempt, whose answer was lost on its way
  if ARGV[3] == 'running' then redis.call('SET', KEYS[3], ARGV[10], 'PX', ARGV[11]) else redis.call('DEL', KEYS[3]) end
end

redis.call('HSET', KEYS[1], 'status', ARGV[3], unpack(ARGV, 12))
redis.call('HINCRBY', KEYS[1], 'version', 1)
if attempts ~= '0' then redis.call('HINCRBY', KEYS[1], 'attempts', attempts) end
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
if ARGV[9] ~= '' then
  local out = cjson.decode(ARGV[9])
  local owner = redis.call('HGET', KEYS[1], 'owner')
  redis.call('HSET', out.kind .. ':' .. out.id, unpack(out.fields))
  redis.call('ZADD', out.due_index, out.due_at, out.id)
  if owner then redis.call('HSET', out.kind .. ':' .. out.id, 'owner', owner) end
  for _, index in ipairs(owner and {out.kind .. 's:', out.kind .. 's:of:' .. owner .. ':'} or {out.kind .. 's:'}) do
    redis.call('ZADD', index .. 'all', 0, out.id)
    redis.call('ZADD', index .. 'status:' .. out.status, 0, out.id)
  end
end
return {'done', redis.call('HGETALL', KEYS[1])}
