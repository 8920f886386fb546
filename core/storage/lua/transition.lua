-- One step of a record's life, or a refusal. Everything that must be true together is written together.
-- KEYS: record, erasures, and, for a record that is leased while it runs, its lease.
-- ARGV: 1 id, 2 allowed statuses (comma-separated), 3 new status, 4 kind,
--       5 channel to tell the end on ('': the new status is not terminal), 6 retention of an ended record
--       in seconds (0: it stays), 7 when its images are due for erasure, 8 attempts to add,
--       9 the outbox ('', or JSON: the records that come to be with this step, and when to look at each),
--       10 who takes the step, where only the holder of the lease may ('': anyone), 11 the lease in milliseconds,
--       12 '1': not for what was begun before, by another attempt, 13 '1': the record is not asked for afterwards,
--       14... field, value, ...
-- What whoever waits for the end is told: the record, as a JSON list of fields and values, or the status of one so large
-- that it is better asked for.
local function ending(key, status)
  local fields, size = redis.call('HGETALL', key), 0
  for _, text in ipairs(fields) do size = size + #text end
  return size > 16384 and status or cjson.encode(fields)
end

local status, owner, images, version, attempts, shards, expires, uploads = unpack(redis.call(
  'HMGET', KEYS[1], 'status', 'owner', 'images_key', 'version', 'attempts', 'shards', 'expires_at', 'uploads'))
if not status then return {'missing'} end
if not string.find(',' .. ARGV[2] .. ',', ',' .. status .. ',', 1, true) then return {'refused', status} end
local added = tonumber(ARGV[8])
if KEYS[3] then
  if ARGV[10] ~= '' then
    local holder = redis.call('GET', KEYS[3])
    if holder and holder ~= ARGV[10] then return {'held', holder} end
    if holder and status == ARGV[3] then -- the same attempt, whose answer was lost on its way
      added = 0
    elseif ARGV[12] == '1' and tonumber(attempts or 0) > 0 then
      return {'begun'}
    end
  end
  if ARGV[3] == 'running' then redis.call('SET', KEYS[3], ARGV[10], 'PX', ARGV[11]) else redis.call('DEL', KEYS[3]) end
end

version = string.format('%d', (version or 0) + 1)
local written, given = {'status', ARGV[3], 'version', version}, {}
if added ~= 0 then
  table.insert(written, 'attempts')
  table.insert(written, string.format('%d', (attempts or 0) + added))
end
for at = 14, #ARGV, 2 do
  table.insert(written, ARGV[at])
  table.insert(written, ARGV[at + 1])
  given[ARGV[at]] = ARGV[at + 1]
end
redis.call('HSET', KEYS[1], unpack(written))
move(ARGV[4], ARGV[1], owner, status, ARGV[3])
if ARGV[5] ~= '' or given.uploads == '' then -- the record has ended, or has what was uploaded among its own images
  for upload in string.gmatch(uploads or '', '[^,]+') do end_upload(upload, given.changed_at) end
end
if ARGV[5] ~= '' then
  if expires then redis.call('ZREM', ARGV[4] .. '-deadlines', ARGV[1]) end
  if images then
    redis.call('ZADD', KEYS[2], ARGV[7], images)
    local seal = given.seal_key or redis.call('HGET', KEYS[1], 'seal_key')
    if seal and seal ~= '' then -- images that stay for a time: the server itself forgets their key when they are due
      redis.call('HDEL', KEYS[1], 'seal_key')
      redis.call('SET', 'seal:' .. images, seal, 'PXAT', math.floor(1000 * ARGV[7]))
    end
  end
  if ARGV[6] ~= '0' then redis.call('EXPIRE', KEYS[1], ARGV[6]) end
  if shards then -- what is left of them is not to be done any more
    forget_shards(ARGV[1], shards)
    redis.call('EXPIRE', KEYS[1] .. ':rows', ARGV[6])
    redis.call('EXPIRE', KEYS[1] .. ':photographs', ARGV[6])
  end
  redis.call('PUBLISH', ARGV[5], ending(KEYS[1], ARGV[3]))
end
if ARGV[9] ~= '' then
  for _, out in ipairs(cjson.decode(ARGV[9])) do put_out(out, owner) end
end
if ARGV[13] == '1' then return {'done', {'version', version}} end
return {'done', redis.call('HGETALL', KEYS[1])}
