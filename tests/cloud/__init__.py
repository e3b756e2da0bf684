"""The agent's half of the cloud: a back office of another make signs, a whole locker answers, coils bear witness."""
