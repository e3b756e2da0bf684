"""What `docs/generate.py` makes the cloud contract from: the agent's and the bridge's own types, and nothing beside."""
