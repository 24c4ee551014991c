"""Any line of the AT conversation in plain English, for `console` and `decode`.

`catalogue` joins the command tables of `m5310.commands` with the one of the OneNET commands
(`onenet`); `commands` and `answers` describe lines of the host and of the module by their entry,
`lines` a single line or the lines of a conversation, `conversation` those for other programs, in
English or Chinese.
"""
