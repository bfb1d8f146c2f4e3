-- Asks Keyreeve whether the key of a request is good. Used by haproxy.cfg.

local key_headers = { "authorization", "x-api-key", "api-key" }
local identity_headers = {
    "x-keyreeve-key-id", "x-keyreeve-owner-id", "x-keyreeve-owner-type",
    "x-keyreeve-project-id", "x-keyreeve-kind", "x-keyreeve-expires-at",
}
local passed_on = { "content-type", "www-authenticate", "retry-after", "cache-control" }

local unavailable = '{"error":{"message":"API keys cannot be checked at the moment. Please try again.",' ..
    '"type":"server_error","param":null,"code":"storage_unavailable"}}'

local function refuse(txn, status, headers, body)
    local reply = txn:reply({ status = status })
    for name, value in pairs(headers) do
        reply:add_header(name, value)
    end
    reply:set_body(body)
    txn:done(reply)
end

core.register_action("keyreeve", { "http-req" }, function(txn, url)
    local sent = txn.http:req_get_headers()
    local headers = {}
    for _, name in ipairs(key_headers) do
        if sent[name] then
            -- All values: two keys must be seen to be refused.
            headers[name] = {}
            for i = 0, #sent[name] do
                table.insert(headers[name], sent[name][i])
            end
        end
    end

    local model = txn:get_var("txn.keyreeve_model")
    if model then
        headers["x-keyreeve-model"] = { model }
    end

    local client = core.httpclient()
    local answer = client:get({ url = url, headers = headers, timeout = 2000 })

    if answer and answer.status == 200 then
        for _, name in ipairs(identity_headers) do
            local value = answer.headers[name]
            if value and value[0] ~= "" then
                txn.http:req_set_header(name, value[0])
            end
        end
        return
    end
    if answer and (answer.status == 401 or answer.status == 403 or answer.status == 429) then
        local out = {}
        for _, name in ipairs(passed_on) do
            local value = answer.headers[name]
            if value then
                out[name] = value[0]
            end
        end
        refuse(txn, answer.status, out, answer.body)
        return
    end
    -- Anything else, no answer included: nobody gets through.
    refuse(txn, 503, { ["content-type"] = "application/json", ["retry-after"] = "1", ["cache-control"] = "no-store" }, unavailable)
end, 1)
