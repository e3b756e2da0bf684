"""What a person can do at the screen: one table of transitions per flow, nothing else.

Start with `table.py` (how a table is read), then `home.py` (what the idle screen does) and `pickup.py` (the shortest
whole story). Nothing here does I/O, reads a clock or draws a lot: a table names effects, `edge_agent.kiosk.session`
performs them.
"""
