"""Failures as data: from any exception to the five fields of `Trouble`, the same on the socket and in `--json`."""

from __future__ import annotations

from edge_agent.control.types import Trouble
from edge_agent.error_table import EXPLANATIONS, exit_code_of

HTTP_STATUS = {1: 500, 2: 400, 3: 404, 4: 403, 5: 503, 6: 504, 7: 207, 8: 409, 9: 422, 10: 503}
"""Exit code of `lockerctl` → status of the socket's answer."""


def trouble(code: str, where: str, detail: str) -> Trouble:
    """One failure with its table row's next step."""
    row = EXPLANATIONS.get(code)
    message = f"{where}: {detail}" if where else detail
    return Trouble(
        code=code, where=where, detail=detail, message=message, next_step=row.next_step if row else ""
    )


def trouble_of(error: BaseException) -> Trouble:
    """Any exception. AgentError and BusError bring their code; everything else is CTRL-700, the tool's own."""
    code = getattr(error, "code", "")
    if not isinstance(code, str) or code not in EXPLANATIONS:
        return trouble("CTRL-700", type(error).__name__, str(error) or "no further word")
    detail = getattr(error, "detail", None) or getattr(error, "fact", None) or str(error)
    return trouble(code, str(getattr(error, "where", "")), str(detail))


def http_status_of(code: str) -> int:
    return HTTP_STATUS[exit_code_of(code)]
