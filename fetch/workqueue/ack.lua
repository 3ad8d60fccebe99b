-- Acknowledges entries, and deletes them. KEYS[1] is the stream; ARGV are the group, whether they are deleted: 1, 0, or
-- empty for where the stream has no other group by now, and their ids. Returns 1.
local key, group, delete = KEYS[1], ARGV[1], ARGV[2]
return run(function()
  local ack, del = {'XACK', key, group}, {'XDEL', key}
  for i = 3, #ARGV do ack[#ack + 1], del[#del + 1] = ARGV[i], ARGV[i] end
  try(unpack(ack))
  if delete == '' then
    local groups = redis.pcall('XINFO', 'GROUPS', key) -- an error is that there is no such stream any more
    delete = groups.err and '0' or '1'
    for _, each in ipairs(groups) do
      if each[2] ~= group then delete = '0' end
    end
  end
  if delete == '1' then try(unpack(del)) end
  return '1'
end)
