"""Pretend hardware, people and cloud. Speaks every protocol with its own codecs; imports nothing that it fools."""
