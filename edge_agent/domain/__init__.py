"""What a locker knows: pure rules over frozen values.

No I/O, no clock, no randomness: time and chance are handed in.
"""
