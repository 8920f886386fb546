-- A delivery that no ending brings about.  KEYS: delivery.  ARGV: 1 the outgoing record (JSON), 2 its owner ('': nobody's).
if redis.call('EXISTS', KEYS[1]) == 1 then return end
put_out(cjson.decode(ARGV[1]), ARGV[2])
