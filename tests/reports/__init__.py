"""Paper: what is printed, and that machines and people can read it."""
