-- Makes a group of a stream where there is none, and runs what a consumer will run, on no entry, so that what is not
-- allowed or not known is found before any work. KEYS[1] is the stream; ARGV are the group, a consumer that has no
-- entries, as to read them would count as a sign of life, and whether entries are deleted that are acknowledged, as in
-- ack.lua. Returns 1.
local key, group, consumer, delete = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
return run(function()
  local made = redis.pcall('XGROUP', 'CREATE', key, group, '0', 'MKSTREAM')
  if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then
    try('XGROUP', 'CREATE', key, group, '0', 'MKSTREAM')
  end
  try('XREADGROUP', 'GROUP', group, consumer, 'COUNT', 1, 'STREAMS', key, '0-0')
  try('XAUTOCLAIM', key, group, consumer, '9000000000000', '0-0', 'COUNT', 1, 'JUSTID')
  try('XCLAIM', key, group, consumer, '9000000000000', '0-0', 'JUSTID')
  try('XPENDING', key, group)
  try('XACK', key, group, '0-0')
  if delete == '' then try('XINFO', 'GROUPS', key) end
  if delete ~= '0' then try('XDEL', key, '0-0') end
  try('XGROUP', 'DELCONSUMER', key, group, consumer) -- it has had nothing
  return '1'
end)
