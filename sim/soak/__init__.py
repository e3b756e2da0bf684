"""The whole locker under virtual time: the shipped agent with pretend hardware, pretend people and one seed.

This package alone of `sim` imports the agent, to run it. What judges a run may not (`oracle`).
"""
