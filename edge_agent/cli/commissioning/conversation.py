"""The whole of `lockerctl commission`, in the order in which a person goes through a new cabinet."""

from __future__ import annotations

from edge_agent.cli.commissioning import around, ending, proposal
from edge_agent.cli.commissioning.boards import Boards, look
from edge_agent.cli.commissioning.progress import Progress
from edge_agent.cli.commissioning.pulse import Coils
from edge_agent.cli.commissioning.site import Site, Talk, told
from edge_agent.cli.commissioning.walk import Walk
from edge_agent.cli.direct import unlocking
from edge_agent.cli.direct.bench import config_path
from edge_agent.control.commission_types import CommissionArguments, DoorTrial
from edge_agent.control.health_types import Check

WALKS_MAX = 4  # as found, rewired, renumbered, and once more for what was mended meanwhile


def commission(asked: CommissionArguments, site: Site) -> Talk[None]:
    """The last item is the `end`. Raises ControlError, ConfigError, StoreError, BusError of a port."""
    bench = site.bench
    new = not config_path(bench.config_file).exists()
    found = (yield from proposal.first_file(site, asked)) if new else []
    unlocking.make_state_dir(bench)
    bench.hold_state()
    ending.check_empty(site)
    progress = Progress.at(bench.state_dir, site.stamp(), asked.again)
    if new:
        progress.take_proposal(found)
    else:
        yield from look(site, asked, progress)
    boards = yield from _walked(asked, site, progress)
    yield from around.scanners(site, progress)
    yield told("Looking at the machine.")
    checks = around.machine(site)
    for check in checks:
        if check.verdict in ("bad", "attention"):
            yield told(f"{check.place}: {check.fact} ({check.code})")
    yield from _ended(site, boards, progress, checks)


def _walked(asked: CommissionArguments, site: Site, progress: Progress) -> Talk[Boards]:
    coils = Coils(site)
    for _ in range(WALKS_MAX):
        boards = Boards(site)
        boards.prepare()
        walk = Walk(site, boards, progress, coils, asked.cycles)
        yield from walk.go()
        trials = {door.number: trial for door in site.bench.config.doors() if (trial := progress.trial(door))}
        if not (yield from proposal.improved(site, walk.learned, trials)):
            return boards
        progress.renumber()
    return boards


def _ended(site: Site, boards: Boards, progress: Progress, checks: tuple[Check, ...]) -> Talk[None]:
    failed = [trial.number for trial in _trials(site, progress) if trial.verdict != "passed"]
    if failed:
        yield told(f"Not passed yet: {', '.join(failed)}. Nobody is asked to sign.")
    signatures = () if failed else (yield from ending.signed_off(site))
    report = ending.report_of(site, boards, progress, checks, signatures)
    file, digest = ending.written(site, report)
    accepted = report.verdict == "passed"
    if accepted:
        ending.accept(site, report, digest)
        progress.done()
    yield ending.end(file, digest, accepted, len(progress.open_findings))


def _trials(site: Site, progress: Progress) -> list[DoorTrial]:
    return [trial for door in site.bench.config.doors() if (trial := progress.trial(door))]
