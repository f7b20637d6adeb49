-- What the deployment is, from facts.json beside the configuration, whose directory HAProxy loads this in.
local json = require("json")

local file = assert(io.open("facts.json"))
local facts = assert(json.decode(file:read("a")), "facts.json is not JSON")
file:close()

return facts
