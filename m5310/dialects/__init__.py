"""The OneNET languages over AT. `dialect.Dialect` is the protocol that each one implements.

A dialect builds command lines for one device and parses its unsolicited lines to the values in
`urcs`. It knows no event loop and keeps no state but what the module returned. To add one, make a
folder beside `classic` with its command lines, its configuration, its parser of unsolicited lines
and a class with the methods of `Dialect`; then let `m5310.device.device.Device` choose it. Nothing
else in `m5310.device` changes.
"""
