-- Names of models, read as Ollama reads them (types/model/name.go); manifest/model-ref.ts says the same in TypeScript.
local names = {}

local word, dotted = "^[%w_][%w_-]*$", "^[%w_][%w_.-]*$"

local function fits(text, pattern, longest) return #text <= longest and text:find(pattern) ~= nil end

-- What stands before the last slash, and after it.
local function cut(text)
  local before, after = text:match("^(.*)/([^/]*)$")
  return before, after or text
end

-- Equal for two names exactly when Ollama takes them for one model; nil for what Ollama would refuse as a name.
function names.key(text)
  if #text > 600 then return nil end
  local path, tag = text:match("^(.*):([^:/]*)$")
  local above, model = cut(path or text)
  local host, namespace = cut(above or "library")
  host, tag = host or "registry.ollama.ai", tag or "latest"
  local right = fits(tag, dotted, 80) and fits(model, dotted, 80) and fits(namespace, word, 80)
  if not right or not fits(host, "^[%w_][%w_.:-]*$", 350) then return nil end
  return (host .. "/" .. namespace .. "/" .. model .. ":" .. tag):lower()
end

return names
