"""The runner: every measurement is found, its rows are completed and kept, and missed claims are returned."""

from collections.abc import Callable, Iterator

import pytest
from benchmarks.__main__ import CLAIMS, MEASUREMENTS, load, measure
from benchmarks.results import Row, read_rows

from benchmarks import __main__ as runner

BROWSING = ["playwright", "psutil"]
NEEDED = {"serving": BROWSING, "classroom": BROWSING, "attack": ["psutil"], "mutations": ["resource"]}
"""What not every test environment has."""


def rows() -> Iterator[Row]:
    yield Row(case="a", metric="time", value=1.0)
    raise KeyboardInterrupt


@pytest.mark.parametrize("name", sorted({*MEASUREMENTS.values(), *CLAIMS.values()}))
def test_every_measurement_and_claim_is_a_function(name: str) -> None:
    for module, libraries in NEEDED.items():
        if name.startswith(module):
            for library in libraries:
                pytest.importorskip(library)
    assert callable(load(name))


def test_an_interrupted_measurement_leaves_its_rows(
    results: Callable[[list[Row]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "load", lambda name: rows)
    monkeypatch.setattr(runner, "machine_facts", lambda: {"cores": 2})
    with pytest.raises(KeyboardInterrupt):
        measure("starts")
    assert read_rows("starts") == [Row(benchmark="starts", case="a", metric="time", value=1.0, cores=2)]


def test_a_figure_that_is_measured_again_replaces_the_earlier(
    results: Callable[[list[Row]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def growing(minutes: float) -> Iterator[Row]:
        for value in (1.0, minutes):
            yield Row(case="a", metric="time", value=value)
            yield Row(case="b", metric="time", value=value)

    functions = {"attack.measure": growing, "attack.missed": lambda found: [str([row.value for row in found])]}
    monkeypatch.setattr(runner, "load", functions.get)
    monkeypatch.setattr(runner, "machine_facts", dict)
    monkeypatch.setattr(runner, "update_pages", lambda: None)
    assert measure("attack", minutes=3.0) == ["[3.0, 3.0]"]
    assert [(row.case, row.value) for row in read_rows("attack")] == [("a", 3.0), ("b", 3.0)]


def test_a_part_of_a_merged_measurement_keeps_the_rest(
    results: Callable[[list[Row]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def part(only: str) -> Iterator[Row]:
        yield Row(case="a", variant=only, metric="time", value=2.0, note="setting 2")

    rows = [Row(benchmark="documents", case="a", variant=v, metric="time", value=1.0, note="setting 1") for v in "xy"]
    results(rows)
    monkeypatch.setattr(runner, "load", lambda name: part)
    monkeypatch.setattr(runner, "machine_facts", dict)
    monkeypatch.setattr(runner, "update_pages", lambda: None)
    measure("documents", only="x")
    assert [(row.variant, row.value, row.note) for row in read_rows("documents")] == [
        ("x", 2.0, "setting 2"),
        ("y", 1.0, "setting 1"),
    ]


def test_missed_claims_are_returned(results: Callable[[list[Row]], None], monkeypatch: pytest.MonkeyPatch) -> None:
    row = Row(case="a", metric="time", value=1.0)
    functions = {"serving.measure": lambda: iter([row]), "serving.missed": lambda found: [f"{len(found)} missed"]}
    monkeypatch.setattr(runner, "load", functions.get)
    monkeypatch.setattr(runner, "machine_facts", dict)
    monkeypatch.setattr(runner, "update_pages", lambda: None)
    assert measure("serving") == ["1 missed"]
