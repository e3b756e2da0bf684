"""Names and version of the ledger's tables. The statements that make them stand in `migrate.py`.

Folded and given tables all have one shape, `key TEXT PRIMARY KEY, row TEXT` with the row as JSON: their columns are
defined once, by the domain's types, and SQLite's JSON functions still look inside.
"""

from __future__ import annotations

from edge_agent.domain.state import FOLDED, GIVEN

SCHEMA_VERSION = 3  # equals the number of migrations; `PRAGMA user_version` of a ledger
VAULT = ("vault_key", "vault_item", "vault_hash", "vault_sealed")
KEYED = (*FOLDED, *GIVEN)  # table names that hold one JSON row a key


def table(name: str) -> str:
    """The SQL name of a folded or given table: a prefix, because some of the trade's words are SQL's too."""
    prefix = "folded" if name in FOLDED else "given"
    return f"{prefix}_{name}"
