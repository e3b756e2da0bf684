"""Carries the journal to the cloud and the cloud's commands to the agent. No devices, no database, no decisions."""
