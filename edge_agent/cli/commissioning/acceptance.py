"""The acceptance report: hashed, signed with the locker's own key, and written as JSON, as a page and as paper.

The signature's key is drawn from the device key, so there is no further secret to keep, and only this locker can have
signed. `held` says whether a file still is what was signed.
"""

from __future__ import annotations

import hashlib
from html import escape
from pathlib import Path

import msgspec

from edge_agent.control.commission_types import AcceptanceReport, SignedReport
from edge_agent.errors import ControlError
from edge_agent.reports import pdf
from edge_agent.reports.paper import Heading, Paper, Table, Words
from edge_agent.store import jose
from edge_agent.store.canonical import canonical_json
from edge_agent.store.files import write_durably

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


def write(signed: SignedReport, folder: Path) -> Path:
    """JSON, HTML and PDF of one name. Returns the JSON file. Raises ControlError CTRL-708, CTRL-709."""
    stem = f"acceptance-{signed.report.ended.replace(':', '')}"
    file = folder / f"{stem}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_durably(file, msgspec.json.format(msgspec.json.encode(signed), indent=1) + b"\n", FILE_MODE)
        write_durably(folder / f"{stem}.html", page(signed).encode(), FILE_MODE)
    except OSError as error:
        raise ControlError("CTRL-708", str(folder), error.strerror or str(error)) from None
    pdf.write(paper(signed), folder / f"{stem}.pdf")
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


def page(signed: SignedReport) -> str:
    """One HTML page that needs nothing else."""
    report = signed.report
    parts = [
        f"<h1>Acceptance report 驗收報告: {escape(report.locker)}</h1>",
        f"<p>{escape(report.name)}</p><p>Verdict: <strong>{report.verdict}</strong></p>",
        f"<p>Begun {report.begun}, ended {report.ended}; software {escape(report.version)}</p>",
        f"<p>Screen: {escape(report.screen)}</p>",
    ]
    for title, table in _tables(report):
        parts.append(f"<h2>{escape(title)}</h2>")
        parts.append(_html(table) if table.rows else "<p>none</p>")
    parts.append(f"<h2>Signature</h2><p>SHA-256 <code>{signed.digest}</code></p>")
    parts.append(f"<p>Ed25519 key <code>{escape(signed.key)}</code></p>")
    style = "body{font-family:sans-serif;margin:2em}td,th{border:1px solid #bbb;padding:.2em .5em;text-align:left}"
    head = f'<meta charset="utf-8"><title>{escape(report.locker)}</title><style>{style}</style>'
    return f"<!doctype html><html><head>{head}</head><body>{''.join(parts)}</body></html>\n"


def _html(table: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = "".join("<tr>" + "".join(f"<td>{escape(one)}</td>" for one in row) + "</tr>" for row in table.rows)
    return f"<table><tr>{head}</tr>{rows}</table>"


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
        ("Faults found", Table(("When", "Code", "Place", "What", "Now"), findings)),
        ("Boards", Table(("Board", "Bus", "Driver", "Address", "Channels", "Firmware"), boards)),
        ("Doors", Table(("Door", "Lock", "Verdict", "Opened after, ms", "Note"), doors)),
        ("Scanners", Table(("Scanner", "Verdict", "Missed"), scanners)),
        ("Machine", Table(("Area", "Place", "Verdict", "Fact"), checks)),
    ]
