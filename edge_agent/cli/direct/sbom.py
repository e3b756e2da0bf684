"""What is installed, as a CycloneDX 1.6 document, read from the distributions themselves: true of this machine."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any

from edge_agent.version import VERSION

OURS = "locker-edge"


def document() -> dict[str, Any]:
    """One component for each distribution of this environment, by name; without times, so that it can be compared."""
    found = {_name(one): one for one in metadata.distributions() if _name(one) != OURS}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _component(OURS, VERSION, "application")},
        "components": [
            _component("cpython", platform.python_version(), "platform"),
            *(_library(name, found[name]) for name in sorted(found)),
        ],
    }


def _name(one: metadata.Distribution) -> str:
    return str(one.metadata["Name"]).lower().replace("_", "-")


def _library(name: str, one: metadata.Distribution) -> dict[str, Any]:
    made = _component(name, one.version, "library")
    licence = one.metadata.json.get("license_expression", "")
    return made | ({"licenses": [{"expression": licence}]} if licence else {})


def _component(name: str, version: str, kind: str) -> dict[str, Any]:
    purl = f"pkg:pypi/{name}@{version}" if kind != "platform" else f"pkg:generic/{name}@{version}"
    return {"type": kind, "name": name, "version": version, "bom-ref": purl, "purl": purl}
