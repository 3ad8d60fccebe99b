-- Hands the pending entries of a consumer back, so that the next one which looks takes them, and removes the consumer
-- once it has none. KEYS[1] is the stream; ARGV are the group, the consumer, whose they are then, and how many at once.
-- Returns how many they were.
local key, group, consumer = KEYS[1], ARGV[1], ARGV[2]
return run(function()
  local claim = {'XCLAIM', key, group, ARGV[3], '0'}
  local entries = try('XPENDING', key, group, '-', '+', ARGV[4], consumer)
  for _, entry in ipairs(entries) do claim[#claim + 1] = entry[1] end
  if #entries == 0 then
    try('XGROUP', 'DELCONSUMER', key, group, consumer)
    return '0'
  end
  for _, word in ipairs({'IDLE', '864000000', 'JUSTID'}) do claim[#claim + 1] = word end
  try(unpack(claim))
  return string.format('%d', #entries)
end)
