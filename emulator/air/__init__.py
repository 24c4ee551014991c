"""What passes between module and cloud, and the network that carries it. Pure.

    module  -- send_up -->  Air  -- to_server -->  server
            <-- deliver --       <-- send_down --

`messages` has one class for each LwM2M message, with what CoAP carries but without its bytes;
`model` the paths, values and codes, which AT lines carry too. `memory` is the network.

A message arrives once, after the latency, or is lost; it never overtakes another of the same
address and direction. Which messages are lost follows from the seed. Neither side knows the other:
the server sees addresses, the module sees no address at all. Repetitions are made by module and
server, not by the air. CoAP over UDP would stand beside `memory`, with the same entries.
"""
