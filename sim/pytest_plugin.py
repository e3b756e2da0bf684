"""Fixtures for simulated cabinets (filled by the simulator)."""
