"""The acceptance report: hashed, signed with the locker's own key, and written as JSON, as a page and as PDF.

The signature's key is drawn from the device key, so there is no further secret to keep, and only this locker can have
signed. `held` says whether a file still is what was signed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from edge_agent.cli.direct.bench import Bench
from edge_agent.control.commission_types import (
    AcceptanceReport,
    ReportVerifyArguments,
    ReportVerifyResult,
    SignedReport,
)
from edge_agent.errors import ConfigError, ControlError, StoreError
from edge_agent.reports import paper_page
from edge_agent.reports.paper import Heading, Paper, Table, Words
from edge_agent.store import jose, keys
from edge_agent.store.canonical import canonical_json
from edge_agent.store.files import write_durably
from edge_agent.store.places import settings_of

PURPOSE = "locker acceptance report, version 1"
REPORT_BYTES_MAX = 4 << 20  # a thousand doors take 500 KB
FILE_MODE = 0o644  # nothing secret stands in it


def bytes_of(report: AcceptanceReport) -> bytes:
    """What is hashed and signed."""
    return canonical_json(msgspec.to_builtins(report))


def sign(report: AcceptanceReport, device_key: bytes) -> SignedReport:
    content, key = bytes_of(report), jose.signing_key(device_key, PURPOSE)
    return SignedReport(
        report=report,
        digest=hashlib.sha256(content).hexdigest(),
        key=str(key.as_dict(private=False)["x"]),
        signature=jose.signed(content, key),
    )


def public_key(device_key: bytes) -> str:
    """The key that this locker's reports are signed with, base64url."""
    return str(jose.signing_key(device_key, PURPOSE).as_dict(private=False)["x"])


def read(file: Path) -> SignedReport:
    """Raises ControlError CTRL-706 for a file that is no report."""
    try:
        with file.open("rb") as opened:
            return msgspec.json.decode(opened.read(REPORT_BYTES_MAX), type=SignedReport)
    except OSError as error:
        raise ControlError("CTRL-705", str(file), error.strerror or str(error)) from None
    except msgspec.MsgspecError as error:
        raise ControlError("CTRL-706", str(file), f"no acceptance report: {error}") from None


def held(found: SignedReport, key: str) -> str:
    """Why this is not what the owner of `key` has signed; "" where it is."""
    content = bytes_of(found.report)
    if hashlib.sha256(content).hexdigest() != found.digest:
        return "the report was changed: its digest is another"
    try:
        signer = jose.verification_key(key)
    except ValueError as error:
        return str(error)
    if jose.signed_content(found.signature.encode(), signer) != content:
        return "the signature is not by this key, or over another report"
    return ""


def write(signed: SignedReport, folder: Path, print_pdf: Callable[[Paper, Path], None]) -> Path:
    """JSON, HTML and PDF of one name. Returns the JSON file. Raises ControlError CTRL-708, CTRL-709."""
    stem = f"acceptance-{signed.report.ended.replace(':', '')}"
    file, drawn = folder / f"{stem}.json", paper(signed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_durably(file, msgspec.json.format(msgspec.json.encode(signed), indent=1) + b"\n", FILE_MODE)
        write_durably(folder / f"{stem}.html", paper_page.page(drawn).encode(), FILE_MODE)
    except OSError as error:
        raise ControlError("CTRL-708", str(folder), error.strerror or str(error)) from None
    print_pdf(drawn, folder / f"{stem}.pdf")
    return file


def paper(signed: SignedReport) -> Paper:
    """As it is printed and filed."""
    report = signed.report
    blocks: list[Heading | Words | Table] = [
        Heading(f"Acceptance report 驗收報告: {report.locker}"),
        Words(
            f"{report.name}\nVerdict: {report.verdict}\nBegun {report.begun}, ended {report.ended}; "
            f"software {report.version}\nScreen: {report.screen}"
        ),
    ]
    for title, table in _tables(report):
        blocks += [Heading(title, 2), table if table.rows else Words("none")]
    blocks += [
        Heading("Signature", 2),
        Words(
            f"SHA-256 {signed.digest}\nEd25519 key {signed.key}\nThe JSON file holds the signature itself."
        ),
    ]
    return Paper(
        f"Acceptance of {report.locker}", tuple(blocks), footer=f"{report.locker}  {signed.digest[:16]}"
    )


def _tables(report: AcceptanceReport) -> list[tuple[str, Table]]:
    boards = tuple(
        (one.board, one.bus, one.driver, str(one.address), str(one.channels), one.firmware or "-")
        for one in report.boards
    )
    doors = tuple(
        (
            one.number,
            f"{one.board} {one.channel}",
            one.verdict,
            " ".join(map(str, one.opened_ms)) or "-",
            one.note,
        )
        for one in report.doors
    )
    findings = tuple(
        (one.at, one.code, one.place, one.fact, "mended" if one.mended else "OPEN") for one in report.findings
    )
    scanners = tuple((one.scanner, one.verdict, ", ".join(one.missed) or "-") for one in report.scanners)
    checks = tuple((one.area, one.place, one.verdict, one.fact) for one in report.checks)
    signed = tuple((one.role, one.name, one.proof) for one in report.signatures)
    return [
        ("Signed off by", Table(("Role", "Name", "Proof"), signed)),
        ("Faults found", Table(("When", "Code", "Place", "What", "Now"), findings, (4, 2, 4, 9, 2))),
        ("Boards", Table(("Board", "Bus", "Driver", "Address", "Channels", "Firmware"), boards)),
        ("Doors", Table(("Door", "Lock", "Verdict", "Opened after, ms", "Note"), doors, (1, 1, 1, 2, 4))),
        ("Scanners", Table(("Scanner", "Verdict", "Missed"), scanners)),
        ("Machine", Table(("Area", "Place", "Verdict", "Fact"), checks, (2, 3, 1, 5))),
    ]


def verify(asked: ReportVerifyArguments, bench: Bench) -> ReportVerifyResult:
    """Held to the key that was given, else this locker's own, else, as anybody could, to the one inside."""
    found = read(Path(asked.file))
    own = "" if asked.key else _own_key(bench)
    why = held(found, asked.key or own or found.key)
    return ReportVerifyResult(
        file=asked.file,
        valid=not why,
        fact=why or "unchanged, and signed",
        key="given" if asked.key else "this locker's" if own else "in the report",
        locker=found.report.locker,
        verdict=found.report.verdict,
        digest=found.digest,
    )


def _own_key(bench: Bench) -> str:
    """ "" where there is no locker here, or its keys are not for this login."""
    try:
        return public_key(keys.load(settings_of(bench.config).keys).device)
    except (ConfigError, StoreError):
        return ""
