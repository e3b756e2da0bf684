"""What holds for every test: property tests draw fresh examples on a desk, and the same ones in CI.

A change must not be refused for an example that it has nothing to do with; whoever runs the tests by hand goes on
looking for new ones. Deadlines are off: no test asserts an absolute time.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "desk")
