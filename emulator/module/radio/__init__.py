"""The radio of the module and its place in the network.

`radio` has the registration and the connection; `coverage` and `sim` describe the place; `psm` lets
the module sleep, `edrx` delays what arrives. Each one plans by `due` and `step`.
"""
