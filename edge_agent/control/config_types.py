"""What goes in and out of the verbs on the configuration file, and the list of parts that a release is made of."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from edge_agent.control.types import Arguments, Result, VersionResult, option
from edge_agent.error_table import Exit


class ConfigShowArguments(Arguments, frozen=True):
    section: Annotated[
        str,
        option("Only keys that begin so, such as policy or board[0].", positional=True, metavar="[SECTION]"),
    ] = ""


class ConfigShowResult(Result, frozen=True):
    """Each value as JSON under its key, defaults included; what leads to a secret is `(set)` or empty."""

    file: str
    values: dict[str, str]


class ConfigDiffArguments(Arguments, frozen=True):
    file: Annotated[str, option("The file to compare with the configuration in force.", positional=True)]


class ConfigChange(msgspec.Struct, frozen=True, kw_only=True):
    """One key; empty where one side does not have it."""

    key: str
    before: str
    after: str


class ConfigDiffResult(Result, frozen=True):
    file: str
    changes: tuple[ConfigChange, ...]


class ConfigApplyArguments(Arguments, frozen=True):
    file: Annotated[str, option("The file that becomes the configuration.", positional=True)]
    reason: Annotated[str, msgspec.Meta(description="Why, for the record.", max_length=200)] = ""


class ConfigApplyResult(Result, frozen=True):
    """`kept`: where the former one lies now, named by time and person. It counts from the agent's next start."""

    file: str
    kept: str
    changes: int


class CompletionArguments(Arguments, frozen=True):
    shell: Annotated[
        Literal["bash", "zsh", "fish"], option("For which shell.", positional=True, metavar="bash|zsh|fish")
    ] = "bash"


class CompletionResult(Result, frozen=True):
    """What that shell has to be told, once: a line of its start-up file sources it."""

    shell: str
    script: str


class VersionArguments(Arguments, frozen=True):
    sbom: Annotated[bool, option("The list of everything installed, in CycloneDX form.")] = False


class VersionsResult(VersionResult, frozen=True):
    """`sbom` is a CycloneDX 1.6 document, where it was asked for."""

    sbom: dict[str, Any] | None = None

    def exit_code(self) -> int:
        return Exit.DONE
