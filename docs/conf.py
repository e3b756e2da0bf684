"""How `make docs` builds the pages: Markdown by MyST, the furo theme, every warning an error."""

from __future__ import annotations

import sys
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent.parent))

from edge_agent.version import VERSION

project = "locker-edge"
author = "the locker-edge authors"
copyright = "the locker-edge authors, Apache-2.0"
version = release = VERSION

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "locker-edge"
exclude_patterns = ["_build"]
man_pages = [("verbs", "lockerctl", "the technician's tool of a parcel locker", author, 1)]


def setup(app: Sphinx) -> None:
    """Flow diagrams are Mermaid text: hosts that know it draw them, here they stand as they are."""
    app.add_lexer("mermaid", TextLexer)
