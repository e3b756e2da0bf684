"""Is it well? Looks at machine, devices and ledger, and names what is not, with a code and the next command."""
