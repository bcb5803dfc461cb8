"""The page on which fields of a blank form are drawn: this computer only, and what is wrong is a sentence."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from tests.web.conftest import Served

FIELD = {"name": "mark", "digits": 2, "page": 1, "box": [20, 30, 16, 10]}


def test_fields_are_drawn_and_written(tmp_path: Path) -> None:
    Image.fromarray(np.full((594, 420), 250, np.uint8)).save(tmp_path / "blank.png")
    call = [sys.executable, "-m", "digits", "form", "template", "blank.png", "--port", "0"]
    process = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    assert process.stdout
    address, _, token = process.stdout.readline().split()[4].partition("#token=")
    served = Served(address.partition("/local_page")[0], tmp_path, process)
    headers = {"Authorization": f"Bearer {token}"}
    try:
        assert served.get("/api/template").status == 401
        assert served.send("GET", "/api/template", **headers).json["size"] == [210.0, 297.0]
        assert (
            served.send("GET", "/api/template/pages/1", **headers).json["picture"].startswith("data:image/png;base64,")
        )
        assert served.send("GET", "/api/template/pages/2", **headers).error == "the form has no page 2"
        for body, status, says in (
            ([FIELD], 200, ""),
            ([FIELD, {**FIELD, "name": "b"}], 422, "blank.toml: the fields mark and b overlap: correct their boxes"),
            (
                [{**FIELD, "box": [20]}],
                422,
                "blank.toml, field 1 ('mark'): box must be millimetres of the left and upper",
            ),
            ({}, 400, "the request holds no list of fields"),
            (["x" * 300_000], 413, "the fields are larger than 256 KiB"),
        ):
            answer = served.send("PUT", "/api/template", json.dumps(body).encode(), **headers)
            assert (answer.status, answer.json.get("error", "").startswith(says)) == (status, True), answer.body
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (out, err) == (
        "blank.toml: 1 field; read pages with: digits form read blank.toml SCANS -o answers.csv\n",
        "",
    )
    assert 'name = "mark"\ndigits = 2\npage = 1\nbox = [20, 30, 16, 10]' in (tmp_path / "blank.toml").read_text()
