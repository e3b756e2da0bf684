"""The ledger: what a locker knows and never forgets, in one SQLite file.

Start reading at `ledger.py` (one unit of work), then `journal.py` (the hash-chained record that is also the
outbox), `connection.py` (pragmas, version gate) and `startup.py` (what is done about a missing, damaged or
old file). One connection in one thread writes; nothing else in the agent opens the database for writing.
"""
