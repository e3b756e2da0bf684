"""Scanners, one file a family: what it is told, what it answers. Named by entry points."""
