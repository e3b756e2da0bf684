"""The version as a constant, so that `lockerctl version` need not search the installed packages for it."""

VERSION = "0.1.0"

# The clock's floor where no ledger says better: before this day no copy of this program can have run.
BUILT = "2026-11-22"
