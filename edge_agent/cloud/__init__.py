"""The agent's half of the cloud: whatever comes through the bridge is verified, limited and answered here."""
