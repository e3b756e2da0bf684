"""Whatever bytes arrive, there is an answer, no crash, no pulse, and a bounded amount of work."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from jwcrypto import jwe, jwk
from jwcrypto.common import base64url_encode

from edge_agent.cloud import jws
from edge_agent.cloud.claims import COMMAND_MAX, CommandClaims, DocumentClaims, decoded
from edge_agent.cloud.expected import Step
from edge_agent.cloud.orders import Unlock
from edge_agent.control import cloud_types as ct
from edge_agent.store import jose
from tests.cloud.office import Site, new_key, play, sealed, signed, unlock

KEY = new_key()
PINNED = jws.pinned({"office-1": json.loads(KEY.export_public())["x"]})
OPENING = jose.new_private_key()
DEEP = b'{"args":' * 1_400

HOSTILE = {
    "nothing": b"",
    "one byte": b"\xff",
    "bad UTF-8": b"\xc3\x28" * 100,
    "dots": b"....",
    "many dots": b"." * 10_000,
    "three empty parts": b"..",
    "huge": b"A" * (COMMAND_MAX + 1),
    "a megabyte": b"\x00" * (1 << 20),
    "deep JSON": DEEP,
    "plain JSON": json.dumps(unlock()).encode(),
    "a deep header": b"eyJ" + b"W" * 3_000 + b".e30.AA",
}
SIGNED_CONTENT = {
    "no JSON": b"hello",
    "bad UTF-8 inside": b'{"aud":"\xff"}',
    "deeply nested": DEEP,
    "nested arguments": b'{"aud":"x","iss":"office-1","args":' + b"[" * 4_000 + b"]" * 4_000 + b"}",
    "a list": b"[]",
    "a huge number": b'{"exp":' + b"9" * 4_000 + b"}",
    "NaN": b'{"exp":NaN}',
    "a strange id": b'{"aud":"DEMO-0001","iss":"office-1","iat":1,"exp":2,"jti":"../x","session":"","cmd":"ping"}',
}


@pytest.mark.parametrize("how", HOSTILE)
def test_hostile_bytes_are_answered_and_set_aside(tmp_path: Path, how: str) -> None:
    """The answer names no issuer, because nobody can be believed; the next command works."""

    async def story(site: Site) -> None:
        result = await site.ask("commands", ct.CommandsArguments(payload=HOSTILE[how]))

        assert result.reply.body.status == "rejected"
        assert result.reply.body.code in {"malformed", "too-large", "signature", "sealing"}
        assert result.reply.topic.endswith("/up/replies/unknown")
        assert (await site.order("ping")).status == "done"
        assert site.pulses() == 0

    play(tmp_path, story)


@pytest.mark.parametrize("how", SIGNED_CONTENT)
def test_a_good_signature_over_nonsense_is_nonsense(tmp_path: Path, how: str) -> None:
    async def story(site: Site) -> None:
        answer = await site.post(signed(SIGNED_CONTENT[how], site.key))

        assert (answer.status, answer.code) == ("rejected", "malformed")
        assert (await site.order("ping")).status == "done"

    play(tmp_path, story)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_at_all_are_refused_in_one_way(payload: bytes) -> None:
    """The wrapper lets nothing else through."""
    with pytest.raises(jws.NotSigned):
        jws.opened(payload, PINNED, OPENING, COMMAND_MAX)


TOKEN = signed({"aud": "x"}, KEY)
PACKED = sealed(TOKEN, {name: value for name, value in OPENING.items() if name != "d"})


@settings(max_examples=300, deadline=None)
@given(st.sampled_from((TOKEN, PACKED)), st.data())
def test_no_changed_bit_is_overlooked(token: bytes, data: st.DataObject) -> None:
    """Any changed byte, cut or insertion: refused, or it still says the very same."""
    place = data.draw(st.integers(0, len(token) - 1))
    how = data.draw(st.sampled_from(("change", "cut", "insert")))
    byte = bytes([data.draw(st.integers(0, 255))])
    kept = {"change": token[:place] + byte + token[place + 1 :], "cut": token[:place]}
    payload = kept.get(how, token[:place] + byte + token[place:])
    try:
        found = jws.opened(payload, PINNED, OPENING, COMMAND_MAX)
    except jws.NotSigned:
        return

    assert found.content == b'{"aud": "x"}'


KINDS = (CommandClaims, DocumentClaims, Step, Unlock)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(KINDS), st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_decoders_give_their_type_or_a_reason(kind: type, content: bytes) -> None:
    """Never another exception."""
    try:
        found = decoded(content, kind)
    except ValueError:
        return

    assert isinstance(found, kind)


def test_both_libraries_understand_each_other() -> None:
    """What jwcrypto signs and seals is read here; what is sealed here is read by jwcrypto."""
    assert jws.opened(TOKEN, PINNED, OPENING, COMMAND_MAX) == jws.Signed("office-1", b'{"aud": "x"}', False)
    assert jws.opened(PACKED, PINNED, OPENING, COMMAND_MAX).sealed

    other = new_key("X25519")
    token = jose.seal(b"for the cloud", other.export_public(as_dict=True))
    read = jwe.JWE()
    read.deserialize(token, key=jwk.JWK.from_json(other.export()))
    assert read.payload == b"for the cloud"


def test_the_newer_name_of_the_same_signature_is_refused() -> None:
    """RFC 9864 calls it `Ed25519`; the contract pins `EdDSA`, and one name is enough to be downgraded by."""
    key = Ed25519PrivateKey.generate()
    public = base64url_encode(key.public_key().public_bytes_raw())
    inner = f"{base64url_encode(json.dumps({'alg': 'Ed25519'}))}.{base64url_encode('{}')}".encode()
    token = inner + b"." + base64url_encode(key.sign(inner)).encode()

    with pytest.raises(jws.NotSigned, match="signature"):
        jws.opened(token, jws.pinned({"office-1": public}), OPENING, COMMAND_MAX)


def test_one_module_alone_speaks_jose() -> None:
    """So that the pinned algorithms stand in one place."""
    package = Path(jws.__file__).parent.parent
    speakers = {
        file.relative_to(package).as_posix()
        for file in package.rglob("*.py")
        if re.search(r"^\s+from joserfc(?!\.jwk import OKPKey$)", file.read_text(), re.MULTILINE)
    }

    assert speakers == {"store/jose.py"}
