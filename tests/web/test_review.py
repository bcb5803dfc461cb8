"""A review on its page: this computer only, with its token, and every key is stored before it is answered."""

from __future__ import annotations

import csv
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.documents.test_review import answers
from tests.web.conftest import Answer, Served

__all__ = ["answers"]

ANN = "person=ann-12345"


@pytest.fixture
def review(answers: Path) -> Iterator[tuple[Served, str]]:
    """A running review, and its token."""
    call = [sys.executable, "-m", "digits", "form", "review", str(answers), "--port", "0"]
    process = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "3 of 4 cells are doubtful\n"
    address, _, token = process.stdout.readline().split()[4].partition("#token=")
    try:
        yield Served(address.partition("/local_page")[0], answers, process), token
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (out, err) == (f"{answers.with_name('answers-checked.csv')}: 2 cells corrected, 0 still doubtful\n", "")


def test_a_review_from_the_first_key_to_the_file(review: tuple[Served, str], answers: Path) -> None:
    served, token = review

    def send(method: str, path: str, **headers: str) -> Answer:
        return served.send(method, path, Authorization=f"Bearer {token}", **headers)

    assert served.get("/api/review").status == 401
    assert send("GET", "/api/review", Sec_Fetch_Site="cross-site").status == 403
    assert send("GET", "/api/review", X_Forwarded_For="10.0.0.1").status == 403
    assert send("GET", "/api/review", Host="evil.example").status == 421
    assert {"content-security-policy", "x-content-type-options"} <= served.get("/local_page/review.html").headers.keys()
    assert served.get("/page/base.css").status == 200
    assert send("POST", "/api/review/claims?person=a").status == 422
    assert "the review has no cell 99" in send("POST", f"/api/review/cells/99?{ANN}&key=1&boxes=1").error

    cells = send("POST", f"/api/review/claims?{ANN}&count=8").json["cells"]
    assert [(cell["page"], cell["field"]) for cell in cells] == [("1.png", "mark"), ("2.png", "id"), ("1.png", "id")]
    assert cells[0]["picture"].startswith("data:image/png;base64,")
    for cell, key, boxes in zip(cells, ["4", "2", "Enter"], ["3,4", "1,9,2", "4,0,7"], strict=True):
        said = send("POST", f"/api/review/cells/{cell['id']}?{ANN}&key={key}&boxes={boxes}&decided=true")
        with sqlite3.connect(answers.with_suffix(".review")) as kept:
            assert kept.execute("SELECT key, boxes FROM keystrokes ORDER BY id DESC").fetchone() == (key, boxes)
    assert (said.json["left"], said.json["keystrokes"]) == (0, 3)
    assert send("GET", f"/api/review/last?{ANN}").json["cell"]["decided"]
    rows = list(csv.DictReader(Path(said.json["out"]).read_text(encoding="utf-8").splitlines()))
    assert [(row["id read"], row["id made"], row["id"], row["mark"]) for row in rows[:2]] == [
        ("407", "407", "407", "34"),
        ("401", "407", "192", "55"),
    ]
    assert json.loads(send("GET", "/api/review").body)["left"] == 0
