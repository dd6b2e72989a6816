"""What runs inside Redis, so that it happens as a whole or not at all. Only commands of Redis 6.2.

Arguments are packed (msgpack): one for all counts of a batch costs the caller a third of one command for each.
"""

# KEYS[1] ground, KEYS[2] positions, KEYS[3..] states
# ARGV[1] [ground, [[partition, expected position]], [[partition, new position]], seconds to live of a state]
# ARGV[2] [[[key of a count, when it ends, {field: amount}]], key of the log's figures, [[site, key of its log, place of
#     its entry in ARGV]], how many entries are kept, for how many milliseconds]; ARGV[3..] states, then entries
WRITE = """
local asked = cmsgpack.unpack(ARGV[1])
if (redis.call('GET', KEYS[1]) or nil) ~= asked[1] then return 0 end
for _, pair in ipairs(asked[2]) do
  if (redis.call('HGET', KEYS[2], pair[1]) or nil) ~= pair[2] then return 0 end
end
for index = 3, #KEYS do redis.call('SET', KEYS[index], ARGV[index], 'EX', asked[4]) end
local added = cmsgpack.unpack(ARGV[2])
for _, count in ipairs(added[1]) do
  local fresh = false
  for field, amount in pairs(count[3]) do
    if redis.call('HINCRBY', count[1], field, amount) == amount then fresh = true end
  end
  -- A new bucket has new fields only, and most writes find every one of theirs.
  if fresh then redis.call('EXPIREAT', count[1], count[2]) end
end
if #added[3] > 0 then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('HSETNX', added[2], ':since', string.format('%.0f', now))
  for _, entry in ipairs(added[3]) do
    local number = redis.call('HINCRBY', added[2], entry[1], 1)
    redis.call('XADD', entry[2], 'MAXLEN', '~', added[4], '*', 'n', number, 't', ARGV[entry[3]])
    redis.call('XTRIM', entry[2], 'MINID', string.format('%.0f', now - added[5]))
    redis.call('PEXPIRE', entry[2], added[5])
    redis.call('HSET', added[2], entry[1] .. ':at', string.format('%.0f', now))
  end
end
for _, pair in ipairs(asked[3]) do redis.call('HSET', KEYS[2], pair[1], pair[2]) end
return 1
"""

# KEYS[1] ground, KEYS[2] positions; ARGV[1] [ground, new ground, [[partition, position]]]
MOVE = """
local asked = cmsgpack.unpack(ARGV[1])
if (redis.call('GET', KEYS[1]) or nil) ~= asked[1] then return 0 end
if asked[2] then redis.call('SET', KEYS[1], asked[2]) else redis.call('DEL', KEYS[1]) end
redis.call('DEL', KEYS[2])
for _, pair in ipairs(asked[3]) do redis.call('HSET', KEYS[2], pair[1], pair[2]) end
return 1
"""

# KEYS[1] ground, KEYS[2] positions, KEYS[3] the log's figures; ARGV[1] [new ground, milliseconds that a log is kept]:
# whoever had it before writes nothing more, and what is built now logs whatever came in within that time
TAKE = """
local asked = cmsgpack.unpack(ARGV[1])
redis.call('DEL', KEYS[2], KEYS[3])
if not asked[1] then
  redis.call('DEL', KEYS[1])
  return 1
end
local time = redis.call('TIME')
redis.call('HSET', KEYS[3], ':since', string.format('%.0f', time[1] * 1000 - asked[2]))
redis.call('SET', KEYS[1], asked[1])
return 1
"""

# KEYS[1] ground, KEYS[2..] states or counts; ARGV[1] [ground]
FORGET = """
local asked = cmsgpack.unpack(ARGV[1])
if (redis.call('GET', KEYS[1]) or nil) ~= asked[1] then return 0 end
for index = 2, #KEYS do redis.call('UNLINK', KEYS[index]) end
return 1
"""
