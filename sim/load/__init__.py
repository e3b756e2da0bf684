"""Peak season at one locker, in real time against real processes."""
