"""The module without OneNET: coming up, its vocabulary as methods, its sockets, its speed."""
