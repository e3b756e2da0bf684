"""The version as a constant, so that `lockerctl version` need not search the installed packages for it."""

VERSION = "0.1.0"
