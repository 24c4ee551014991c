"""The OneNET languages over AT. `dialect.Dialect` is the protocol that each one implements.

    Device, its parts ----> Dialect (protocol)
                             ^         ^
                          Classic    Suite <---- Profile: what differs between modules
                             |         |
                             v         v
                          commands, values, urcs of each

A dialect builds command lines for one device and parses its unsolicited lines to the values in
`urcs`. It knows no event loop and keeps no state but what the module returned and was given.
`profiles` has the known modules as data; a user adds one with a TOML text (`read_profile`).
`m5310.device.language` finds out which module answers. To add a dialect, make a folder beside
`classic` with its command lines, its configuration, its parser of unsolicited lines and a class
with the methods of `Dialect`, and let `Language` choose it; the rest of `m5310.device` does not
change.
"""
