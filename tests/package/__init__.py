"""The package on a bare system: what needs root and minutes. `make package-test` runs it; nothing is skipped."""
