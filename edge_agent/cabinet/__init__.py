"""Doors in the real world: the opening procedure, the door watch, alarms and the power budget."""
