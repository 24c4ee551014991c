"""The emulated OneNET: the access machine that devices log in to, and the HTTP API before it."""
