"""The OpenAPI 3.1 document of the kiosk's few HTTP routes, for tests that ask strangely; the WebSocket is not in it.

Source: RFC 6455 traffic has no place in OpenAPI; its words are types in `actions.py` and `screens.py`.
"""

from __future__ import annotations

from typing import Any

from edge_agent.version import VERSION

HTML, JSON, SVG, WAV = "text/html", "application/json", "image/svg+xml", "audio/wav"
ROUTES = {
    "/": ("shell", "The page; without the boot's token it waits and never connects.", HTML),
    "/texts.json": ("texts", "Every catalogue of this locker's languages.", JSON),
    "/layout.json": ("layout", "The door map: columns, rows, sizes.", JSON),
    "/help-qr.svg": ("help_qr", "The hotline as a code that a phone dials.", SVG),
    "/speech/{name}.wav": ("speech", "An announced phrase, spoken.", WAV),
}
PARAMETERS = {
    "/": {"name": "token", "in": "query", "required": False, "schema": {"type": "string"}},
    "/speech/{name}.wav": {
        "name": "name",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1},
    },
}


def document() -> dict[str, Any]:
    """The routes that `server.create_app` serves beside its static files, as plain JSON values."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Locker kiosk", "version": VERSION},
        "paths": {path: {"get": _operation(path, *row)} for path, row in ROUTES.items()},
    }


def _operation(path: str, name: str, summary: str, kind: str) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [PARAMETERS[path]] if path in PARAMETERS else [],
        "responses": {
            "200": {"description": "Done", "content": {kind: {}}},
            "404": {"description": "Not here"},
        },
    }
