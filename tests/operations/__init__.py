"""The whole program from outside: real processes, terminals and sockets."""
