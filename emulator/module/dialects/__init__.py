"""The AT languages of OneNET. `dialect` is what each of them implements, and lists them.

A dialect is argument grammar, error numbers and the text of unsolicited lines over the LwM2M
client; it holds no state of LwM2M.
"""
