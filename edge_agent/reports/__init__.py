"""What is printed or handed over: labels, acceptance reports, statistics."""
