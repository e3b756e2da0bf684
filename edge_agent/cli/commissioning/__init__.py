"""Commissioning (首次调试): from an unpacked cabinet to a signed acceptance report, with the agent stopped.

A conversation: each part is a generator that yields `CommissionItem`s and is sent the answers. It talks to no terminal
and reads no clock of its own (`site.Site` is handed in), so a whole cabinet is commissioned in virtual time as well.
"""
