"""The AsyncAPI 3 document, seen from the locker: it sends what goes up and receives what comes down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cloud_bridge import paho_transport as line
from cloud_bridge.outgoing import KEEPALIVE_S
from cloud_bridge.topics import DOCUMENTS
from edge_agent.cloud.claims import VALID_MAX_S
from generating.messages import MESSAGES, SEALED, Message
from generating.samples import LOCKER

BINDING = "0.2.0"  # of the MQTT bindings
VERSION = "1.0.0"  # of the contract: `v1` in every topic
TEMPLATE = "#/components/schemas/{name}"
JWS = r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$"
JWE = r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$"
UNLOCK_EXPIRY_S = 30  # what a back office should set on an unlock: nobody waits longer at a door

PARAMETERS: dict[str, dict[str, Any]] = {
    "locker": {"description": "The locker's id.", "examples": [LOCKER]},
    "issuer": {"description": "Name of the key that signed the command, or `unknown`."},
    "document": {"description": "Which document.", "enum": list(DOCUMENTS)},
}
ANSWERS = {"hello": "acks", "commands": "replies"}


def document(
    schemas: Mapping[str, Any], contents: Mapping[str, Any], wire: Mapping[str, str]
) -> dict[str, Any]:
    """The whole document. `contents` and `wire`: examples by stem, as said and as sent."""
    channels = list(dict.fromkeys(message.channel for message in MESSAGES))
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Parcel locker",
            "version": VERSION,
            "description": "What a locker says to its operator's broker and what it listens to. The locker publishes "
            "events until the back office's application has acknowledged them, and verifies whatever comes down.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _server(contents)},
        "channels": {name: _channel(name) for name in channels},
        "operations": {name: _operation(name) for name in channels},
        "components": {
            "messages": {message.name: _message(message, contents, wire) for message in MESSAGES},
            "schemas": {
                **schemas,
                "batch": {"type": "array", "items": {"$ref": TEMPLATE.format(name="event")}},
            },
            "securitySchemes": {
                "certificate": {"type": "X509", "description": "Its common name is the locker's id."}
            },
        },
    }


def _server(contents: Mapping[str, Any]) -> dict[str, Any]:
    will = contents["presence"] | {"online": False, "agent": "down"}
    return {
        "host": "broker.example:8883",
        "protocol": "secure-mqtt",
        "protocolVersion": "5",
        "description": "Any MQTT 5 broker; TLS 1.2 or newer with certificates on both sides.",
        "security": [{"$ref": "#/components/securitySchemes/certificate"}],
        "bindings": {
            "mqtt": {
                "clientId": LOCKER,
                "cleanSession": False,
                "keepAlive": int(KEEPALIVE_S),
                "sessionExpiryInterval": line.SESSION_S,
                "maximumPacketSize": line.PACKET_MAX,
                "lastWill": {
                    "topic": f"lockers/v1/{LOCKER}/st/presence",
                    "qos": 1,
                    "message": json.dumps(will),
                    "retain": True,
                },
                "bindingVersion": BINDING,
            }
        },
        "x-will-delay-s": line.WILL_DELAY_S,
    }


def _of(channel: str) -> list[Message]:
    return [message for message in MESSAGES if message.channel == channel]


def _channel(name: str) -> dict[str, Any]:
    own = _of(name)
    topic = own[0].topic
    used = {key: value for key, value in PARAMETERS.items() if f"{{{key}}}" in topic}
    return {
        "address": topic,
        "messages": {one.name: {"$ref": f"#/components/messages/{one.name}"} for one in own},
        "parameters": used,
    }


def _operation(name: str) -> dict[str, Any]:
    own = _of(name)
    mqtt: dict[str, Any] = {"qos": own[0].qos, "retain": own[0].retain, "bindingVersion": BINDING}
    if name == "commands":
        mqtt["messageExpiryInterval"] = UNLOCK_EXPIRY_S
    made: dict[str, Any] = {
        "action": "send" if own[0].up else "receive",
        "channel": {"$ref": f"#/channels/{name}"},
        "title": own[0].title,
        "messages": [{"$ref": f"#/channels/{name}/messages/{one.name}"} for one in own],
        "bindings": {"mqtt": mqtt},
    }
    if name in ANSWERS:
        made["reply"] = {"channel": {"$ref": f"#/channels/{ANSWERS[name]}"}}
    if name == "commands":
        made["x-valid-s-max"] = VALID_MAX_S
    return made


def _message(message: Message, contents: Mapping[str, Any], wire: Mapping[str, str]) -> dict[str, Any]:
    stems = message.samples or (message.name,)
    content = {"$ref": TEMPLATE.format(name=message.schema)}
    made: dict[str, Any] = {
        "name": message.name,
        "title": message.title,
        "summary": message.summary,
        "contentType": message.content_type,
        "payload": content,
        **message.rules,
    }
    if message.signed:
        made["payload"] = {
            "type": "string",
            "pattern": JWE if message.content_type == SEALED else f"{JWS}|{JWE}",
        }
        made["x-signed-content"] = content
    made["examples"] = [{"name": stem, "payload": wire.get(stem, contents[stem])} for stem in stems]
    if message.name in ("command", "reply"):
        made["bindings"] = {"mqtt": _correlated(message.name)}
    return made


def _correlated(name: str) -> dict[str, Any]:
    """Correlation data goes back as it came; a response topic stays inside the locker's own branch."""
    mqtt: dict[str, Any] = {
        "correlationData": {"type": "string", "maxLength": 256},
        "bindingVersion": BINDING,
    }
    if name == "command":
        mqtt["responseTopic"] = {"type": "string", "pattern": r"^lockers/v1/[^/]+/up/replies/"}
    return mqtt
