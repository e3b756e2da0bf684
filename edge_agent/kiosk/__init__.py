"""The screen on the cabinet: screens as a function of flow state, the loopback server, and the page itself."""
