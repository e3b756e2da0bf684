"""What each event does to the folded tables, in small pure functions by group; `fold.py` holds their table."""
