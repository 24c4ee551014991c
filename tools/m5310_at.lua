-- Wireshark and tshark: the AT lines in a capture that `python -m emulator --pcap FILE` wrote.
--
--     tshark -X lua_script:tools/m5310_at.lua -r FILE
--
-- Each packet is one line. Filters: m5310.at, m5310.at.command, m5310.at.answer.

local at = Proto("m5310.at", "AT commands of an M5310")
local command = ProtoField.string("m5310.at.command", "Command (host to module)")
local answer = ProtoField.string("m5310.at.answer", "Answer or URC (module to host)")
at.fields = { command, answer }

function at.dissector(buffer, packet, tree)
  local from_host = packet.p2p_dir == 0 -- P2P_DIR_SENT
  local text = buffer:raw():gsub("^[\r\n]+", ""):gsub("[\r\n]+$", "")
  text = text:gsub("[^\32-\126]", function(byte)
    return string.format("\\x%02x", byte:byte())
  end)
  packet.cols.protocol = "AT"
  packet.cols.src = from_host and "host" or "module"
  packet.cols.dst = from_host and "module" or "host"
  packet.cols.info = text
  local item = tree:add(at, buffer())
  item:add(from_host and command or answer, buffer(), text)
end
