"""A running back office asked over its page's HTTP: one request, one JSON answer, one sentence where it refuses."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

Asked = Callable[[], Any]

TIMEOUT_S = 30.0  # above the page's longest poll
FINAL = ("opened", "done", "failed", "unknown", "rejected", "expired")


def ask(page: str, path: str, body: Any = None) -> Any:
    """GET, or POST with a body. Raises ValueError with the office's refusal, OSError where none runs."""
    request = urllib.request.Request(f"http://{page}{path}")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise ValueError(_refusal(error)) from error
    except urllib.error.URLError as error:
        raise OSError(
            f"no back office answers at {page}: {error.reason}; start one, or name its --page"
        ) from error


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return f"the office answers {error.code}"


def final_reply(page: str, locker: str, command: str, within_s: float) -> dict[str, Any]:
    """The command's end; raises ValueError where none comes in time."""
    until_s, number = time.monotonic() + within_s, 0
    while time.monotonic() < until_s:
        told = ask(page, f"/view?locker={locker}&after={number}")
        number = told["number"]
        for one in told["view"]["commands"]:
            if one["id"] == command and one["status"] in FINAL:
                return {name: one[name] for name in ("id", "status", "code", "result")}
    raise ValueError(f"no final answer to {command} within {within_s:g} s")
