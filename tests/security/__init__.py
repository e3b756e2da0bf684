"""Claims of the threat model that no single room can make: what ships, what is asked of strangers, what leaks."""
