-- Which models a key may use, by its line of keys.map: `name|until|rpm|concurrency|model,model`.
local names = require("names")

local grants = {}

-- Sets of keys of models by the text of keys.map that lists them; splitting it at every request would cost more than the rest.
local lists, listed = {}, 0

-- `key`: as of names.key. An empty list means every model.
function grants.may_use(record, key)
  local text = record:match("([^|]*)$")
  if text == "" then return true end
  local set = lists[text]
  if not set then
    set = {}
    for name in text:gmatch("[^,]+") do set[names.key(name) or ""] = true end
    if listed >= 1000 then lists, listed = {}, 0 end
    lists[text], listed = set, listed + 1
  end
  return set[key] == true
end

return grants
