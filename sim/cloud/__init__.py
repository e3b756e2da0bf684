"""A small back office: keeps lockers' events, acknowledges them, and plays the operator in demo and tests."""
