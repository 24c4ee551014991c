"""What a host can open: a pseudo terminal, a TCP port, RFC 2217, standard input and output."""
