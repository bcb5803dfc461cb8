"""What the contest says: where we lead, where we lose, and whether every lead that we claim was there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean

from benchmarks.contenders import CONTENDERS

# what README and docs claim
ENOUGH = 0.979
"""Test accuracy that `fast` must have, and a peer to be compared with it."""
TEXTBOOK_LEAD = 25
"""How many times as long as `fast` the textbook loop must take."""
PEER_LEAD = 4
"""How many times as long as `fast` every peer must take that is accurate enough."""
CNN_ACCURACY = 0.995
CNN_SECONDS = 35
"""Test accuracy that `cnn` must have, and seconds that it may take for that."""

Rows = Sequence[dict[str, str]]
"""Of ``results/contest.csv``."""


@dataclass(frozen=True)
class Standing:
    """One contender's runs.

    Attributes
    ----------
    name
        Of the contender.
    accuracies
        On test, fractions.
    seconds
        Of training.
    work
        Seconds times the machine's rate just before the run, in GFLOP: seconds with the machine's drift taken out.
    gflop
        What training's matrix products ask for, a run; nothing where it was not counted.
    soonest
        Seconds until the validation accuracy was enough for the first time, of the runs where it ever was.
    """

    name: str
    accuracies: list[float]
    seconds: list[float]
    work: list[float]
    gflop: list[float]
    soonest: list[float]

    @property
    def ours(self) -> bool:
        """Whether it is a recipe of ours."""
        return not CONTENDERS[self.name].peer

    @property
    def accuracy(self) -> float:
        """Mean test accuracy."""
        return mean(self.accuracies)

    @property
    def time(self) -> float:
        """Mean seconds."""
        return mean(self.seconds)

    @property
    def share(self) -> float | None:
        """How much of the machine's matrix rate training achieved, as a fraction."""
        return sum(self.gflop) / sum(self.work) if len(self.gflop) == len(self.work) else None

    @property
    def shown(self) -> str:
        """Its name in a sentence."""
        return f"`{self.name}`" if self.ours else CONTENDERS[self.name].label

    @property
    def brief(self) -> str:
        """Name, accuracy and seconds."""
        return f"{self.shown} ({_percent(self.accuracy)}, {self.time:.1f} s)"


def standings(rows: Rows) -> dict[str, Standing]:
    """Gather the runs of every contender that took part, the fastest first."""
    found = []
    for name in CONTENDERS:
        mine = [row for row in rows if row["contender"] == name and not row["missing"]]
        if mine:
            seconds = [float(row["seconds"]) for row in mine]
            rates = [float(row["gemm_gflops"]) for row in mine]
            found.append(
                Standing(
                    name,
                    [float(row["test_accuracy"]) for row in mine],
                    seconds,
                    [second * rate for second, rate in zip(seconds, rates, strict=True)],
                    [float(row["training_gflop"]) for row in mine if row["training_gflop"]],
                    [float(row["seconds_to_enough"]) for row in mine if row["seconds_to_enough"]],
                )
            )
    return {standing.name: standing for standing in sorted(found, key=lambda standing: standing.time)}


def verdict(rows: Rows) -> list[str]:
    """Say in sentences where we lead and where we lose."""
    return [*_leads(standings(rows)), *_losses(standings(rows))]


def missed(rows: Rows) -> list[str]:
    """Give a sentence for every lead that we claim and that these runs do not show."""
    found = standings(rows)
    absent = [name for name in ("fast", "cnn", "textbook") if name not in found]
    sentences = [f"{name} did not take part, so that what we claim of it was not shown" for name in absent]
    fast, cnn, textbook = (found.get(name) for name in ("fast", "cnn", "textbook"))
    if fast:
        if fast.accuracy < ENOUGH:
            sentences.append(f"fast reaches {_percent(fast.accuracy)}; we claim {_percent(ENOUGH)}")
        if textbook and textbook.time < TEXTBOOK_LEAD * fast.time:
            sentences.append(f"{textbook.shown} takes {_times(textbook, fast)} as fast; we claim {TEXTBOOK_LEAD} ×")
        peer = _fastest_enough(found.values())
        if peer and peer.time < PEER_LEAD * fast.time:
            sentences.append(f"{peer.shown} takes {_times(peer, fast)} as fast; we claim {PEER_LEAD} ×")
    if cnn and cnn.accuracy < CNN_ACCURACY:
        sentences.append(f"cnn reaches {_percent(cnn.accuracy)}; we claim {_percent(CNN_ACCURACY)}")
    if cnn and cnn.time > CNN_SECONDS:
        sentences.append(f"cnn takes {cnn.time:.1f} s; we claim {CNN_SECONDS} s")
    return sentences


def _leads(found: dict[str, Standing]) -> list[str]:
    sentences = []
    if fast := found.get("fast"):
        if textbook := found.get("textbook"):
            verb = "We lead" if textbook.time > fast.time else "We lose"
            sentences.append(f"{verb}: {textbook.brief} takes {_times(textbook, fast)} as {fast.brief}.")
        peers = [standing for standing in found.values() if not standing.ours]
        peer = _fastest_enough(peers)
        if peer is None:
            sentences.append(f"We lead: no peer reaches {_percent(ENOUGH)} on test.")
        else:
            verb = "We lead" if peer.time > fast.time else "We lose"
            sentences.append(
                f"{verb}: the fastest peer that reaches {_percent(ENOUGH)} on test is {peer.brief}; "
                f"it takes {_times(peer, fast)} as `fast`."
            )
        # whoever stops a peer the moment it is good enough, and knows when that is
        early = [standing for standing in peers if standing.soonest]
        if early:
            first = min(early, key=lambda standing: min(standing.soonest))
            ratio = min(first.soonest) / fast.time
            verb = "We lead" if ratio > 1 else "We lose"
            sentences.append(
                f"{verb}: the first peer to see {_percent(ENOUGH)} on validation is {first.shown}, after "
                f"{min(first.soonest):.1f} s: {ratio:.1f} × as long as all of `fast`."
            )
    if cnn := found.get("cnn"):
        verb = "We lead" if cnn.accuracy >= CNN_ACCURACY and cnn.time <= CNN_SECONDS else "We miss our mark"
        sentences.append(
            f"{verb}: `cnn` reaches {_percent(cnn.accuracy)} on test in {cnn.time:.1f} s (n = {len(cnn.seconds)})."
        )
    return sentences


def _losses(found: dict[str, Standing]) -> list[str]:
    ours = [standing for standing in found.values() if standing.ours]
    peers = [standing for standing in found.values() if not standing.ours]
    if not ours or not peers:
        return []
    sentences = []
    for mine in ours:
        beyond = [peer for peer in peers if peer.accuracy > mine.accuracy and peer.time < mine.time]
        if beyond:
            sentences.append(f"We lose: {mine.brief} is slower and less accurate than {_all_of(beyond)}.")
    if not sentences:
        sentences.append("No peer is both faster and more accurate than a recipe of ours.")
    best, theirs = max(ours, key=lambda s: s.accuracy), max(peers, key=lambda s: s.accuracy)
    if theirs.accuracy > best.accuracy:
        sentences.append(f"We lose: {theirs.brief} is more accurate than all of ours, of which {best.brief} is best.")
    if fast := found.get("fast"):
        better = [peer for peer in peers if peer.accuracy > fast.accuracy and peer.time >= fast.time]
        if better:
            sentences.append(f"We lose: more accurate than {fast.brief}, in more time: {_all_of(better)}.")
        busier = [peer for peer in peers if (peer.share or 0) > (fast.share or 1)]
        if busier and fast.share:
            shares = [f"{peer.shown} {_percent(peer.share or 0, 0)}" for peer in busier]
            sentences.append(
                f"We lose: `fast` achieves {_percent(fast.share, 0)} of the machine's matrix rate, {_list(shares)}."
            )
    return sentences


def _fastest_enough(found: Iterable[Standing]) -> Standing | None:
    enough = [standing for standing in found if not standing.ours and standing.accuracy >= ENOUGH]
    return min(enough, key=lambda standing: standing.time, default=None)


def _times(slow: Standing, fast: Standing) -> str:
    return f"{slow.time / fast.time:.1f} × as long"


def _percent(fraction: float, places: int = 2) -> str:
    return f"{100 * fraction:.{places}f} %"


def _all_of(standings: Sequence[Standing]) -> str:
    return _list([standing.brief for standing in standings])


def _list(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
