"""What the contest shows: where we lead, where we lose, and whether it bears out what the documentation claims."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import NamedTuple

from benchmarks.contest import CONTENDERS, ENOUGH
from benchmarks.results import Row

TEXTBOOK_LEAD, PEER_LEAD = 25, 4
"""Claims: the textbook loop, and every peer of enough accuracy, take so many times as long as `fast`."""
CNN_ACCURACY, CNN_SECONDS = 0.995, 35
"""Claims: the test accuracy of `cnn`, and the seconds that it takes at most."""


class Standing(NamedTuple):
    """The means of one contender's runs.

    ``work`` is the GFLOP that the machine could have done in ``seconds``, which removes its drift; ``share`` what
    training's matrix products achieve of that (None: not counted); ``soonest`` the least seconds until the validation
    accuracy was enough (None: never).
    """

    name: str
    label: str
    runs: int
    accuracy: float
    seconds: float
    work: float
    share: float | None
    soonest: float | None


class Finding(NamedTuple):
    """A sentence, whether it speaks for us, and whether the documentation claims that it does."""

    text: str
    leads: bool
    claimed: bool = False


def standings(rows: Sequence[Row]) -> dict[str, Standing]:
    """Summarize the runs of every contender that took part, the fastest first."""
    found = []
    for name, contender in CONTENDERS.items():
        metrics = ("training time", "test accuracy", "operations", "time to enough")
        times, accuracies, operations, soonest = (
            [row for row in rows if row.case == name and row.metric == metric] for metric in metrics
        )
        if times:
            work = [(row.value or 0) * (row.gemm_gflops or 0) for row in times]
            share = sum(row.value or 0 for row in operations) / sum(work) if operations else None
            least = min((row.value or 0 for row in soonest), default=None)
            accuracy, seconds = (mean(row.value or 0 for row in each) for each in (accuracies, times))
            label = contender.label if contender.peer else f"`{name}`"
            found.append(Standing(name, label, len(times), accuracy, seconds, mean(work), share, least))
    return {standing.name: standing for standing in sorted(found, key=lambda standing: standing.seconds)}


def findings(rows: Sequence[Row]) -> list[Finding]:
    """Say where we lead and where we lose."""
    found = standings(rows)
    if absent := [name for name in ("fast", "cnn", "textbook") if name not in found]:
        return [Finding(f"{', '.join(absent)} did not take part, so our claims were not tested.", False, True)]
    fast, cnn, textbook = found["fast"], found["cnn"], found["textbook"]
    ours = [each for each in found.values() if not CONTENDERS[each.name].peer]
    peers = [each for each in found.values() if CONTENDERS[each.name].peer]
    text = f"{_brief(textbook)} takes {_times(textbook.seconds, fast)} {_brief(fast)}."
    said = [Finding(text, textbook.seconds >= TEXTBOOK_LEAD * fast.seconds and fast.accuracy >= ENOUGH, True)]
    if accurate := [peer for peer in peers if peer.accuracy >= ENOUGH]:
        text = f"the fastest peer that reaches {_percent(ENOUGH)} on test is {_brief(accurate[0])}; it takes "
        leads = accurate[0].seconds >= PEER_LEAD * fast.seconds
        said.append(Finding(f"{text}{_times(accurate[0].seconds, fast)} `fast`.", leads, True))
    if early := sorted((peer.soonest, peer.label) for peer in peers if peer.soonest):
        # for those who would stop a peer as soon as it is good enough
        text = f"the first peer to reach {_percent(ENOUGH)} on validation is {early[0][1]}, after {early[0][0]:.1f} s: "
        said.append(Finding(f"{text}{_times(early[0][0], fast)} all of `fast`.", early[0][0] > fast.seconds))
    text = f"`cnn` reaches {_percent(cnn.accuracy)} on test in {cnn.seconds:.1f} s (n = {cnn.runs})."
    said.append(Finding(text, cnn.accuracy >= CNN_ACCURACY and cnn.seconds <= CNN_SECONDS, True))
    for mine in ours:
        better = [peer for peer in peers if peer.accuracy > mine.accuracy and peer.seconds < mine.seconds]
        said += [Finding(f"{_brief(mine)} is slower and less accurate than {_brief(peer)}.", False) for peer in better]
    if all(finding.leads for finding in said):
        said.append(Finding("no peer is both faster and more accurate than one of our recipes.", True))
    better = [peer for peer in peers if peer.accuracy > fast.accuracy and peer.seconds >= fast.seconds]
    said += [Finding(f"{_brief(peer)} is more accurate than {_brief(fast)}, in more time.", False) for peer in better]
    return said


def missed(rows: Sequence[Row]) -> list[str]:
    """Give the claims that these runs do not bear out."""
    return [finding.text for finding in findings(rows) if finding.claimed and not finding.leads]


def _brief(standing: Standing) -> str:
    return f"{standing.label} ({_percent(standing.accuracy)}, {standing.seconds:.1f} s)"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _times(seconds: float, fast: Standing) -> str:
    return f"{seconds / fast.seconds:.1f} × as long as"
