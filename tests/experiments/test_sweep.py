"""Sweeps: what may be searched, what is kept, and what is left of a sweep whose process was killed."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from digits.errors import StorageError, UsageError
from digits.experiments import describe_sweep, sweep, write_sweep
from digits.experiments.search_space import Search, from_settings, parse_searches, to_settings
from digits.experiments.sweep_results import Sweep, compare_command, to_json
from digits.experiments.sweep_storage import JOURNAL, SILENCE, close_storage, open_storage
from digits.experiments.sweep_workers import retry_abandoned, working
from digits.training import fit, get_recipe, make_network
from digits.training.run.inputs import Inputs
from digits.training.run.training_set import build_training_set
from digits.types import Dataset

QUICK: dict[str, Any] = {"hidden_sizes": (16,), "epochs": 1, "batch_size": 100, "precision": "float32"}
RATES = "muon_lr=log:0.01:1"


@pytest.mark.parametrize(
    ("text", "search"),
    [
        ("muon_lr=log:0.005:0.1", Search("muon_lr", 0.005, 0.1, is_log=True)),
        ("optimization.muon-lr=0.5:1e0", Search("muon_lr", 0.5, 1.0)),
        ("epochs=1:5", Search("epochs", 1, 5, is_whole=True)),
        ("epochs=1,5", Search("epochs", choices=(1, 5))),
        ("optimizer=adamw, muon", Search("optimizer", choices=("adamw", "muon"))),
        ("hidden_sizes=256-128,512", Search("hidden_sizes", choices=("256-128", "512"))),
        ("batch_size=log:64:1024", Search("batch_size", 64, 1024, is_log=True, is_whole=True)),
    ],
)
def test_searches_are_read(text: str, search: Search) -> None:
    config = get_recipe("fast")
    assert parse_searches([text], config) == (search,)
    assert parse_searches([str(search)], config) == (search,), "what is written is read again"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("muon_lr", "'muon_lr' names no values: write it as in muon_lr=log:0.005:0.1"),
        ("muonlr=0.1:1", "there is no setting 'muonlr'; did you mean muon_lr"),
        ("wd=0:1", "there is no setting 'wd'; did you mean weight_decay?"),
        ("muon_lr=1:0.1", "the range must rise, but 1 is not below 0.1"),
        ("muon_lr=0:0.1", "muon_lr must be above 0, not 0"),
        ("muon_lr=log:0:0.1", "a logarithmic range must begin above 0"),
        ("muon_lr=lin:0.1:1", "is no range of numbers: write LOW:HIGH or log:LOW:HIGH"),
        ("muon_lr=0.1:inf", "is no range of numbers"),
        ("epochs=1:2.5", "is no range of whole numbers"),
        ("epochs=3", "needs two different values or more, or a range LOW:HIGH"),
        ("epochs=3,3", "needs two different values or more"),
        ("hidden_sizes=a,b", "hidden_sizes takes numbers joined by -"),
        ("optimizer=adamw,moun", "optimizer 'moun' is unknown; did you mean muon"),
        ("split_seed=0,1", "split_seed cannot be searched: all trials must be compared on the same validation digits"),
        ("seed=0:9", "seed cannot be searched: it does not say how a network learns"),
    ],
)
def test_searches_that_cannot_be_made_are_said(text: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_searches([text], get_recipe("fast"))
    assert says in str(raised.value)


def test_setting_is_searched_once() -> None:
    with pytest.raises(UsageError, match="lr is searched twice"):
        parse_searches(["lr=0.1:1", "lr=1:2"], get_recipe("fast"))


def test_values_become_settings_and_back() -> None:
    config = get_recipe("fast")
    searches = parse_searches(["hidden_sizes=256-128,512", RATES], config)
    values = from_settings(config.settings, searches)
    assert values == {"hidden_sizes": "256-128", "muon_lr": 0.12}
    assert config.replace(**to_settings(values)) == config
    assert to_settings({"hidden_sizes": "512"}) == {"hidden_sizes": (512,)}


@pytest.fixture(scope="module")
def found(few: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Sweep]:
    """A sweep of 14 trials, begun with four, of which some cannot be trained."""
    folder = tmp_path_factory.mktemp("sweep")
    searches = [RATES, "batch_size=50,100,2000"]
    config = get_recipe("fast", **QUICK)
    first = sweep(config, searches, folder, trials=4, data=few)
    assert len(first.trials) == 4
    second = sweep(config, searches, folder, trials=14, data=few)
    assert second.trials[:4] == first.trials, "a finished trial stays as it is"
    return folder, second


def test_first_trial_is_the_recipe_and_the_best_is_chosen(found: tuple[Path, Sweep], few: Dataset) -> None:
    _, result = found
    assert result.recipe is result.trials[0]
    assert result.trials[0].values == {"muon_lr": 0.12, "batch_size": 100}
    finished = [trial for trial in result.trials if trial.state == "finished"]
    assert result.best in finished
    assert max(trial.accuracy or 0 for trial in finished) == result.best.accuracy
    assert len({json.dumps(trial.values) for trial in result.trials}) == 14, "no values were tried twice"


def test_trial_is_the_training_of_its_values(found: tuple[Path, Sweep], few: Dataset) -> None:
    _, result = found
    assert result.best is not None
    config = get_recipe("fast", **QUICK).replace(**to_settings(result.best.values))
    learned = build_training_set(config, Inputs(few))
    [row] = fit(make_network(config), learned.train, learned.validation, config)
    assert row.validation_accuracy == result.best.accuracy


def test_values_that_do_not_work_are_a_result(found: tuple[Path, Sweep]) -> None:
    _, result = found
    failed = [trial for trial in result.trials if trial.state == "failed"]
    assert failed
    assert {trial.values["batch_size"] for trial in failed} == {2000}
    assert all("batch_size 2000 is more than the 1000 digits to learn from" in trial.reason for trial in failed)
    assert all(trial.state != "finished" for trial in result.trials if trial.values["batch_size"] == 2000)


def test_best_values_and_their_command_are_printed(found: tuple[Path, Sweep]) -> None:
    _, result = found
    assert result.best is not None
    text = describe_sweep(result)
    rate, size = result.best.values["muon_lr"], result.best.values["batch_size"]
    command = f"digits train fast --hidden-sizes 16 --precision float32 --muon-lr {rate} --batch-size {size} --epochs 1"
    assert sorted(result.command.split()) == sorted([*command.split(), "--data", "few.npz"])
    assert result.command in text
    assert compare_command(result).startswith("digits compare --recipes 'fast --hidden-sizes 16 ")
    assert "on 200 validation digits, the test digits stay sealed" in text.splitlines()[0]
    assert "The best of many is partly luck" in text
    json.dumps(to_json(result), allow_nan=False)


def test_table_and_pictures_show_every_trial(found: tuple[Path, Sweep]) -> None:
    folder, result = found
    pictures = write_sweep(result, folder)
    assert [picture.name for picture in pictures][:2] == ["history.png", "settings.png"]
    assert all(picture.stat().st_size > 5000 for picture in pictures)
    rows = list(csv.DictReader((folder / "trials.csv").read_text().splitlines()))
    assert [int(row["trial"]) for row in rows] == list(range(1, 15))
    assert [row["state"] for row in rows] == [trial.state for trial in result.trials]
    assert [row["muon_lr"] for row in rows] == [str(trial.values["muon_lr"]) for trial in result.trials]


def test_folder_holds_one_sweep(found: tuple[Path, Sweep], few: Dataset) -> None:
    folder, _ = found
    with pytest.raises(UsageError, match="holds a sweep of another recipe, search or data set: name another --out"):
        sweep(get_recipe("fast", **QUICK), [RATES], folder, trials=1, data=few)


def test_trials_that_fall_behind_are_given_up(few: Dataset, tmp_path: Path) -> None:
    config = get_recipe("fast", **QUICK | {"epochs": 2})
    result = sweep(config, ["muon_lr=log:0.00001:0.1", "lr=log:0.00001:0.1"], tmp_path / "a", trials=15, data=few)
    given_up = [trial for trial in result.trials if trial.state == "given up"]
    assert given_up
    assert {trial.number < 10 for trial in given_up} == {False}, "the first ten are what others are compared with"
    assert all(trial.accuracy is not None for trial in given_up)
    assert "given up" in describe_sweep(result).splitlines()[0]


def test_interruption_keeps_the_values_for_later(few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, folder = get_recipe("fast", **QUICK), tmp_path / "sweep"
    sweep(config, [RATES], folder, trials=2, data=few)

    def ctrl_c(*arguments: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("digits.experiments.sweep_trial.fit", ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        sweep(config, [RATES], folder, trials=3, data=few)
    monkeypatch.undo()
    result = sweep(config, [RATES], folder, trials=3, data=few)
    assert [trial.state for trial in result.trials] == ["finished", "finished", "interrupted", "finished"]
    assert result.trials[3].values == result.trials[2].values


def test_journal_loses_only_a_line_that_is_not_whole(few: Dataset, tmp_path: Path) -> None:
    config = get_recipe("fast", **QUICK)
    first = sweep(config, [RATES], tmp_path, trials=2, data=few)
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(b'{"op_code":5,"worker_id"')  # as a power failure leaves it
    assert sweep(config, [RATES], tmp_path, trials=3, data=few).trials[:2] == first.trials


def test_trial_whose_process_died_before_it_said_so_is_tried_again_at_once(few: Dataset, tmp_path: Path) -> None:
    config = get_recipe("fast", **QUICK)
    sweep(config, [RATES], tmp_path, trials=1, data=few)
    storage = open_storage(None, tmp_path)
    [frozen] = storage.get_all_studies()
    study = optuna.load_study(study_name=frozen.study_name, storage=storage)
    begun = study.ask({"muon_lr": optuna.distributions.FloatDistribution(0.01, 1, log=True)})
    start = time.monotonic()
    result = sweep(config, [RATES], tmp_path, trials=2, data=few)
    assert time.monotonic() - start < SILENCE / 2
    assert [trial.state for trial in result.trials] == ["finished", "interrupted", "finished"]
    assert result.trials[2].values == begun.params


@pytest.mark.slow
def test_killed_sweep_is_continued_by_two_processes(few: Dataset, tmp_path: Path) -> None:
    n, folder, digits = 16, tmp_path / "sweep", tmp_path / "few.npz"
    train, test = few.train, few.test
    np.savez(digits, x_train=train.images, y_train=train.labels, x_test=test.images, y_test=test.labels)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["digits.experiments.sweeps"])
    arguments = (get_recipe("fast", **QUICK | {"epochs": 5}), [RATES], folder)
    more = {"trials": n, "data": digits, "prune": False}

    def start() -> Any:
        process = context.Process(target=sweep, args=arguments, kwargs=more)
        process.start()
        return process

    killed, deadline = start(), time.monotonic() + 120
    journal = folder / JOURNAL
    while not journal.exists() or journal.read_text().count('"op_code":6') < 5:
        assert time.monotonic() < deadline
        assert killed.is_alive()
        time.sleep(0.002)
    os.kill(killed.pid, signal.SIGKILL)
    killed.join()
    before = read(folder)
    finished = [trial for trial in before if trial.state.is_finished()]
    workers = [start(), start()]
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    after = read(folder)
    assert after[: len(finished)] == finished, "no finished trial is lost or changed"
    complete = [trial for trial in after if trial.state == optuna.trial.TrialState.COMPLETE]
    assert len(complete) == n
    assert len({trial.params["muon_lr"] for trial in complete}) == n, "and none runs twice"
    failed = [trial for trial in after if trial.state == optuna.trial.TrialState.FAIL]
    died = [trial for trial in failed if trial.number < len(before)]
    assert [trial.number for trial in died] == [trial.number for trial in before[len(finished) :]]
    # both may begin the last one at the same moment; who is later gives it back
    assert all("epochs" not in trial.user_attrs and trial.number >= n for trial in failed[len(died) :])
    # one that died before it had values has nothing to be repeated
    begun = {trial.params["muon_lr"] for trial in died if trial.params}
    assert begun <= {trial.params["muon_lr"] for trial in complete}
    assert len({trial.user_attrs["worker"] for trial in complete[len(finished) :]}) == 2, "both have worked"


def read(folder: Path) -> list[optuna.trial.FrozenTrial]:
    storage = open_storage(None, folder)
    [study] = storage.get_all_studies()
    return storage.get_all_trials(study._study_id)


def test_address_of_no_database_is_said(tmp_path: Path) -> None:
    for address in ("postgres", "redis://host:port/0"):
        with pytest.raises(UsageError, match=f"'{address}' is no address of a database: write postgresql://USER@HOST/"):
            open_storage(address, tmp_path)
    with pytest.raises(StorageError, match="the database of --storage cannot be used: unable to open"):
        open_storage(f"sqlite:///{tmp_path}/none/trials.db", tmp_path)
    with pytest.raises(StorageError, match=r"the database of --storage cannot be used: Error 2 connecting to .*none"):
        open_storage(f"unix://{tmp_path}/none", tmp_path)


@pytest.fixture
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL of our own, on a socket in a folder; it refuses to run as root."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [Path(shutil.which("initdb") or "").parent]
    if not (programs[-1] / "initdb").is_file():
        pytest.skip("PostgreSQL is not installed")
    pytest.importorskip("psycopg")
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="digits-postgres-"))
    if user:
        shutil.chown(folder, user)

    def call(*words: object) -> None:
        subprocess.run([*map(str, words)], check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

    try:
        call(programs[-1] / "initdb", "-D", folder / "data", "-A", "trust", "-U", "digits", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        control = (programs[-1] / "pg_ctl", "-D", folder / "data", "-w")
        call(*control, "-o", options, "-l", folder / "log", "start")
        try:
            yield f"postgresql+psycopg://digits@/postgres?host={folder}"
        finally:
            call(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.mark.slow
def test_postgresql_keeps_trials_for_several_computers(postgres: str, few: Dataset, tmp_path: Path) -> None:
    config = get_recipe("fast", **QUICK)
    first = sweep(config, [RATES], tmp_path / "here", trials=3, storage=postgres, data=few)
    storage = open_storage(postgres, tmp_path)
    [frozen] = storage.get_all_studies()
    study = optuna.load_study(study_name=frozen.study_name, storage=storage)
    with pytest.warns(UserWarning, match="Heartbeat"):
        abandoned = study.ask({"muon_lr": optuna.distributions.FloatDistribution(0.01, 1, log=True)})
    storage.record_heartbeat(abandoned._trial_id)
    abandoned.set_user_attr("worker", f"{socket.gethostname()}-1-0")
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE trial_heartbeats SET heartbeat = heartbeat - INTERVAL '1 hour'")
    there = sweep(config, [RATES], tmp_path / "there", trials=5, storage=postgres, data=few)
    assert there.trials[:3] == first.trials
    assert [trial.state for trial in there.trials[3:]] == ["interrupted", "finished", "finished"]
    assert there.trials[4].values == abandoned.params, "what was abandoned is tried again"
    assert not (tmp_path / "there" / JOURNAL).exists()
    close_storage(storage)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of a Redis of our own, on a socket in a folder, and its process."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if not program:
        pytest.skip("neither Redis nor Valkey is installed")
    client = pytest.importorskip("redis")
    with tempfile.TemporaryDirectory(prefix="digits-redis-") as folder:  # a path of a socket must be short
        address = f"{folder}/socket"
        options = ("--port", "0", "--unixsocket", address, "--dir", folder, "--save", "")
        server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 30
            while True:
                try:
                    client.Redis.from_url(f"unix://{address}").ping()
                    break
                except client.exceptions.ConnectionError:
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
            yield f"unix://{address}", server
        finally:
            server.kill()
            server.wait()


@pytest.mark.slow
def test_redis_keeps_trials_for_several_computers(
    redis_server: tuple[str, subprocess.Popen[bytes]], few: Dataset, tmp_path: Path
) -> None:
    address, server = redis_server
    config = get_recipe("fast", **QUICK)
    first = sweep(config, [RATES], tmp_path / "here", trials=3, storage=address, data=few)
    storage = open_storage(address, tmp_path)
    [frozen] = storage.get_all_studies()
    study = optuna.load_study(study_name=frozen.study_name, storage=storage)
    distribution = {"muon_lr": optuna.distributions.FloatDistribution(0.01, 1, log=True)}
    with working(storage, tmp_path) as alive:
        others = study.ask(distribution)
        others.set_user_attr("worker", alive)
        abandoned = study.ask(distribution)
        abandoned.set_user_attr("worker", f"{socket.gethostname()}-1-0")
        retry_abandoned(storage, study, tmp_path)
        states = [trial.state.name for trial in study.get_trials()]
        assert states == ["COMPLETE"] * 3 + ["RUNNING", "FAIL", "WAITING"], "only the trial of the dead is tried again"
    there = sweep(config, [RATES], tmp_path / "there", trials=5, storage=address, data=few)
    assert there.trials[:3] == first.trials
    states = [trial.state for trial in there.trials[3:]]
    assert states == ["interrupted", "interrupted", "finished", "finished"]
    assert {trial.values["muon_lr"] for trial in there.trials[5:]} == {
        trial.params["muon_lr"] for trial in (others, abandoned)
    }  # fmt: skip
    assert not (tmp_path / "there" / JOURNAL).exists()
    server.kill()
    server.wait()
    with pytest.raises(StorageError, match="Trials that finished are kept there; once it can be reached, the same"):
        sweep(config, [RATES], tmp_path / "there", trials=6, storage=address, data=few)
