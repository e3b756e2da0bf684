"""Many lockers' cloud traffic over real connections against a real broker: what a fleet costs, measured."""
