"""The controller of a parcel locker: decisions, doors, ledger and screen in one process without a network."""
