"""The kiosk's server without a browser: who may come in, and what travels over the socket."""

from __future__ import annotations

import asyncio
import json
import signal
import stat

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from edge_agent.kiosk import access
from edge_agent.kiosk.actions import Args, Digits
from edge_agent.kiosk.channel import CLOSE_MALFORMED, CLOSE_TOO_BIG, INCOMING_MAX
from edge_agent.kiosk.desk import Deadline, Say, Sound, View
from edge_agent.kiosk.guard import STORM_TAPS
from edge_agent.kiosk.screens import DoorOpenTake, Home, WarnTimeout
from edge_agent.kiosk.server import STOP_S, KioskServer, bind, create_app
from edge_agent.kiosk.site import site_of
from edge_agent.kiosk.speech import Speech
from tests.kiosk.gallery import SAMPLES, GalleryDesk, configuration, view_of
from tests.kiosk.running import TOKEN

OURS = "http://127.0.0.1:8080"
HEADERS = {"host": "127.0.0.1:8080", "origin": OURS}


@pytest.fixture
def desk() -> GalleryDesk:
    return GalleryDesk()


@pytest.fixture
def client(desk, tmp_path):
    app = create_app(site_of(configuration()), desk, TOKEN, Speech(tmp_path))
    with TestClient(app, base_url=OURS) as client:
        yield client


def page(client, token=TOKEN, headers=HEADERS):
    return client.websocket_connect(f"/ws?token={token}", headers=headers)


def test_without_the_token_the_shell_waits_and_never_becomes_a_session(client):
    plain, wrong = client.get("/"), client.get("/?token=" + "x" * 32)

    for answer in (plain, wrong):
        assert answer.status_code == 200
        assert 'data-screen="please-wait"' in answer.text
        assert 'data-session=""' in answer.text
        assert 'data-ours="no"' in answer.text
        assert TOKEN not in answer.text


def test_with_the_token_the_shell_knows_the_locker(client):
    answer = client.get(f"/?token={TOKEN}")

    assert 'data-ours="yes"' in answer.text
    assert 'data-locker="HK-0001"' in answer.text
    assert 'data-languages="zh-Hant en zh-Hans"' in answer.text


def test_the_page_loads_nothing_from_elsewhere_and_runs_no_inline_script(client):
    answer = client.get("/")
    policy = answer.headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert "<script>" not in answer.text
    assert " style=" not in answer.text
    assert "//" not in answer.text.replace("<!doctype html>", "")


@pytest.mark.parametrize(
    "path", ["/", "/texts.json", "/layout.json", "/static/main.js", "/help-qr.svg", "/nothing"]
)
def test_every_answer_carries_the_guarding_headers(client, path):
    headers = client.get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "content-security-policy" in headers
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example:8080"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "127.0.0.1:8080", "origin": "http://evil.example"},
        {"host": "127.0.0.1:8080", "origin": "http://127.0.0.1:9999"},
        {"host": "127.0.0.1:8080", "origin": "null"},
    ],
)
def test_another_site_gets_neither_page_nor_socket(client, desk, headers):
    answer = client.get(f"/?token={TOKEN}", headers=headers)
    with pytest.raises(WebSocketDisconnect), page(client, headers=headers):
        pass

    assert answer.status_code == 421
    assert "data-ours" not in answer.text
    assert desk.happened == []


@pytest.mark.parametrize(
    "path", ["/static/../server.py", "/static/%2e%2e/server.py", "/static/../../config.py"]
)
def test_the_static_folder_has_no_way_out(client, path):
    assert client.get(path).status_code == 404


def test_only_reading_is_possible(client):
    assert {client.request(method, "/").status_code for method in ("POST", "PUT", "DELETE")} == {405}


def test_a_socket_without_the_token_is_refused(client, desk):
    with pytest.raises(WebSocketDisconnect), page(client, token="x" * 32):
        pass

    assert desk.happened == []


def test_a_page_gets_the_present_view(client, desk):
    desk.view = View(
        rev=5,
        lang="en",
        vm=WarnTimeout(),
        session="s-1",
        sound=Sound.ATTENTION,
        speak=Say("close-door", {"door": "2"}),
        deadline=Deadline("warn", 20_000, 20_000),
    )

    with page(client) as socket:
        view = json.loads(socket.receive_text())

    assert (view["rev"], view["screen"], view["lang"], view["session"]) == (5, "warn-timeout", "en", "s-1")
    assert view["sound"] == "attention"
    assert view["deadline"] == {"kind": "warn", "left_ms": 20_000, "total_ms": 20_000}
    assert (
        view["speak"]["text"]
        == "Please close door 2, left of the screen, column 1, row 2 from the top, above your head."
    )


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_every_screen_travels(client, desk, name):
    desk.view = view_of(name, "zh-Hant", 3)

    with page(client) as socket:
        view = json.loads(socket.receive_text())

    assert view["screen"] == name.split(".")[0]
    assert set(view) == {"rev", "session", "screen", "lang", "vm", "sound", "speak", "deadline"}


def beat(socket, number=1, taps=0):
    """Send a heartbeat and return its answer: everything sent before it has been handled then."""
    socket.send_text(json.dumps({"beat": number, "taps": taps}))
    while True:
        answer = json.loads(socket.receive_text())
        if answer.get("beat") == number:
            return answer


def test_a_touch_reaches_the_desk_once(client, desk):
    desk.view = View(rev=9, lang="en", vm=DoorOpenTake(door="7", offers=("reopen",)), session="s-1")

    with page(client) as socket:
        socket.receive_text()
        for _ in range(2):  # a double tap
            socket.send_text(json.dumps({"rev": 9, "action": "reopen", "args": {}}))
        beat(socket)

    assert desk.actions == [(9, "reopen", Args())]


@pytest.mark.parametrize(
    "message",
    [
        {"rev": 8, "action": "reopen", "args": {}},
        {"rev": 9, "action": "refuse", "args": {}},
        {"rev": 9, "action": "unlock-everything", "args": {}},
        {"rev": 9, "action": "reopen", "args": {"door": "8"}},
    ],
)
def test_old_and_illegal_touches_go_no_further(client, desk, message):
    desk.view = View(rev=9, lang="en", vm=DoorOpenTake(door="7", offers=("reopen",)), session="s-1")

    with page(client) as socket:
        socket.receive_text()
        socket.send_text(json.dumps(message))
        beat(socket)

    assert desk.actions == []


def test_a_typed_code_arrives_with_its_revision(client, desk):
    desk.view = View(rev=2, lang="en", vm=Home())

    with page(client) as socket:
        socket.receive_text()
        socket.send_text(json.dumps({"rev": 2, "action": "code", "args": {"digits": "12345678"}}))
        beat(socket)

    assert desk.actions == [(2, "code", Digits("12345678"))]


def test_a_tap_storm_holds_the_page_and_is_one_event(client, desk):
    with page(client) as socket:
        socket.receive_text()
        answer = beat(socket, taps=STORM_TAPS)
        socket.send_text(json.dumps({"rev": 1, "action": "courier", "args": {}}))
        beat(socket, 2)

    assert answer["hold_ms"] == 3000
    assert desk.happened.count("tap_storm") == 1
    assert desk.actions == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{" * 20, CLOSE_MALFORMED),
        ('{"rev": 1, "action": "back", "surprise": 1}', CLOSE_MALFORMED),
        ('{"rev": "1", "action": "back"}', CLOSE_MALFORMED),
        ("x" * (INCOMING_MAX + 1), CLOSE_TOO_BIG),
    ],
)
def test_a_page_that_sends_rubbish_is_hung_up_on(client, desk, text, code):
    with page(client) as socket:
        socket.receive_text()
        socket.send_text(text)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()

    assert closed.value.code == code
    assert desk.happened[-1] == "closed"


def test_a_binary_frame_is_rubbish_too(client, desk):
    with page(client) as socket:
        socket.receive_text()
        socket.send_bytes(b"\x00\x01")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()

    assert closed.value.code == CLOSE_MALFORMED


def test_two_pages_at_once_have_one_screen_between_them(client, desk):
    """F-100: the second browser is told so, its touches do nothing, and it takes over when the first one goes."""
    with page(client) as first:
        first.receive_text()
        with page(client) as second:
            told = json.loads(second.receive_text())
            second.send_text(json.dumps({"rev": told["rev"], "action": "help", "args": {}}))
            beat(second)
            first.close()
            taken_over = json.loads(second.receive_text())

    assert (told["screen"], told["vm"]["kind"]) == ("message", "second-page")
    assert desk.actions == []
    assert taken_over["screen"] == "home"


def test_the_help_code_dials_the_hotline(client):
    answer = client.get("/help-qr.svg")

    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.text.startswith("<svg")


@pytest.mark.parametrize("listen", ["0.0.0.0:8080", "192.168.1.5:8080", ":8080", "[::]:8080"])
def test_the_kiosk_listens_on_loopback_only(listen):
    with pytest.raises(ValueError, match="loopback only"):
        bind(listen)


def test_the_address_is_readable_for_the_browsers_group_only(tmp_path):
    url = access.publish(tmp_path, "127.0.0.1:8080", "boot-1")

    assert (tmp_path / "kiosk.url").read_text() == url + "\n"
    assert stat.S_IMODE((tmp_path / "kiosk.url").stat().st_mode) == 0o640


def test_a_restarted_agent_keeps_the_token_of_this_boot(tmp_path):
    before = access.publish(tmp_path, "127.0.0.1:8080", "boot-1")
    same_boot = access.publish(tmp_path, "127.0.0.1:8080", "boot-1")
    next_boot = access.publish(tmp_path, "127.0.0.1:8080", "boot-2")

    assert before == same_boot
    assert access.token_of(next_boot) != access.token_of(before)


def test_tokens_of_two_lockers_differ(tmp_path):
    tokens = {
        access.token_of(access.publish(tmp_path / name, "127.0.0.1:1", "b")) for name in _folders(tmp_path)
    }

    assert len(tokens) == 2


def _folders(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        yield name


async def test_the_server_leaves_the_agents_signals_alone_and_stops_when_asked(desk):
    """uvicorn would take SIGTERM for itself, and the running opening would not be finished."""
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    server = KioskServer(create_app(site_of(configuration()), desk, TOKEN))
    serving = asyncio.create_task(server.run(bind("127.0.0.1:0")))
    await server.started()

    during = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    server.stop()
    await asyncio.wait_for(serving, 10)

    assert during == before


@pytest.mark.parametrize("how", ["asked", "cancelled"])
async def test_a_silent_page_does_not_hold_up_the_stop(desk, how):
    """A page whose socket is open but that reads nothing: the agent must be able to restart all the same."""
    server = KioskServer(create_app(site_of(configuration()), desk, TOKEN))
    listener = bind("127.0.0.1:0")
    serving = asyncio.create_task(server.run(listener))
    await server.started()
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    writer.write(
        f"GET /ws?token={TOKEN} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    answer = await reader.readuntil(b"\r\n\r\n")

    if how == "asked":
        server.stop()
    else:
        serving.cancel()
    await asyncio.wait((serving,), timeout=STOP_S + 5)
    writer.close()

    assert serving.done()
    assert answer.startswith(b"HTTP/1.1 101")
    assert desk.happened[-1] == "closed"
