"""The agent's HTTP doors under requests drawn from their own OpenAPI documents, sound ones and broken ones.

A real agent with a pretend cabinet answers. Whatever is asked, the answer is one of the described kinds, never a crash
(CTRL-700), no coil is energised without a recorded cause, and the program still works afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from edge_agent.control.openapi import document
from edge_agent.control.operations import Role
from tests.power.program import Site, site
from tests.security.kiosk_routes import document as kiosk_document

ANSWER_S = 20.0  # seconds; an opening at 9600 baud with its retries is over by then
SHARE, WHOLE = 3, 150  # requests drawn for one operation, in `make test` and in `make soak`
CALM = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
CRASHED = "CTRL-700"
PLAIN_REFUSALS = {404, 405, 413, 421}  # of the web server itself: no such path, method or host, too long
TAKES_LONG = {
    "/scanner/trigger": "a code that nobody shows is waited for as long as was asked",
    "/bus/capture": "the line is listened to for as long as was asked",
    "/bus/scan": "every address of every bus is asked at its wire's pace",
}
LONG_POLL = "wait"  # seconds that an empty list may take; nobody here has them
STREAM = "application/x-ndjson"
SOCKETS = {Role.TECHNICIAN: "control.sock", Role.BRIDGE: "bridge.sock"}

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("fuzzed")) as at:
        at.start()
        yield at


def operations(described: dict[str, Any]) -> list[tuple[str, str]]:
    """Method and path of what answers at once; a stream ends only when somebody hangs up."""
    return [
        (method, path)
        for path, methods in described["paths"].items()
        for method, row in methods.items()
        if STREAM not in row["responses"]["200"]["content"] and path not in TAKES_LONG
    ]


def drawn(described: dict[str, Any], method: str, path: str) -> st.SearchStrategy[schemathesis.Case]:
    """Requests of one operation: what the document allows, and what it forbids."""
    operation = schemathesis.openapi.from_dict(described)[path][method]
    return st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )


def send(client: httpx.Client, case: schemathesis.Case) -> httpx.Response | None:
    """The answer; None for a request that no HTTP client can put on a line."""
    asked = case.as_transport_kwargs(base_url="http://127.0.0.1")
    if isinstance((asked.get("params") or {}).get(LONG_POLL), int | float):
        asked["params"][LONG_POLL] = 0
    try:
        return client.request(
            asked["method"],
            asked["url"],
            params=asked.get("params"),
            headers={name: str(value) for name, value in (asked.get("headers") or {}).items()},
            json=asked.get("json"),
            content=asked.get("data"),
        )
    except (UnicodeError, httpx.InvalidURL, httpx.LocalProtocolError):
        return None
    except httpx.ReadTimeout as silence:
        raise AssertionError(
            f"no answer in {ANSWER_S} s to {asked['method']} {asked['url']} {asked}"
        ) from silence


def try_all(client: httpx.Client, described: dict[str, Any], examples: int) -> list[str]:
    """What was answered wrongly, one line an answer."""
    return [
        complaint
        for method, path in operations(described)
        for complaint in try_one(client, drawn(described, method, path), f"{method} {path}", examples)
    ]


def try_one(
    client: httpx.Client, requests: st.SearchStrategy[schemathesis.Case], name: str, examples: int
) -> list[str]:
    wrong: list[str] = []

    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=CALM,
        database=None,
        phases=[Phase.generate],  # a live agent remembers: a smaller request is not the same story
    )
    @given(case=requests)
    def ask(case: schemathesis.Case) -> None:
        answer = send(client, case)
        if answer is not None and not understood(answer):
            wrong.append(f"{name}: {answer.status_code} {answer.text[:200]}")

    ask()
    return wrong


def understood(answer: httpx.Response) -> bool:
    """Done, or a refusal that says what it refuses: the server's own, or one with a code that is no crash."""
    if answer.status_code < 400 or answer.status_code in PLAIN_REFUSALS:
        return True
    told = answer.json() if answer.headers.get("content-type") == "application/json" else {}
    return told.get("error", {}).get("code", CRASHED) != CRASHED


def stays_whole(at: Site) -> None:
    """The program lives, its journal holds, and each energising has its intent."""
    assert at.program is not None
    assert at.program.poll() is None
    intents = [one for one in at.events() if one["type"] == "locker.door.unlock_requested"]
    assert len(at.cabinet.coils()) <= len(intents)


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_no_request_to_a_socket_breaks_the_agent(running: Site, role: Role) -> None:
    """SEC-13, SEC-53: wrong types, missing fields, strange texts, huge numbers."""
    transport = httpx.HTTPTransport(uds=str(running.state / SOCKETS[role]))
    with httpx.Client(transport=transport, timeout=ANSWER_S) as client:
        wrong = try_all(client, document(role), SHARE)

    assert wrong == []
    stays_whole(running)


@pytest.mark.soak
@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_thousands_of_requests_to_a_socket_break_nothing(running: Site, role: Role) -> None:
    """SEC-13, SEC-53 in full."""
    transport = httpx.HTTPTransport(uds=str(running.state / SOCKETS[role]))
    with httpx.Client(transport=transport, timeout=ANSWER_S) as client:
        wrong = try_all(client, document(role), WHOLE)

    assert wrong == []
    stays_whole(running)


def test_no_request_to_the_kiosk_breaks_the_agent(running: Site) -> None:
    """SEC-13, SEC-24: whatever a page, or something that is no page, asks of the screen's server."""
    address = (running.state / "kiosk.url").read_text().split("?")[0].rstrip("/")
    with httpx.Client(timeout=ANSWER_S) as client:
        wrong = try_all(_At(client, address), kiosk_document(), SHARE * 3)

    assert wrong == []
    stays_whole(running)


class _At:
    """A client that asks every path at one address."""

    def __init__(self, client: httpx.Client, address: str) -> None:
        self._client, self._address = client, address

    def request(self, method: str, url: str, **asked: Any) -> httpx.Response:
        return self._client.request(method, url.replace("http://127.0.0.1", self._address, 1), **asked)


def test_the_kiosks_document_names_every_route(tmp_path: Path) -> None:
    """A route that the document forgets is a route that nobody tries."""
    from starlette.routing import Route

    from edge_agent.kiosk.server import create_app
    from edge_agent.kiosk.site import site_of
    from tests.kiosk.gallery import GalleryDesk, configuration

    app = create_app(site_of(configuration()), GalleryDesk(), "t" * 32)
    routes = {route.path for route in app.routes if isinstance(route, Route)}

    assert routes == kiosk_document()["paths"].keys()
