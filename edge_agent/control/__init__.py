"""The local API: one table of operations, served over Unix sockets, and what both ends of a socket need."""
