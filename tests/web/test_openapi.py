"""The description of the service: every call as it is, and nothing that is sent by it brings the service down."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.web.conftest import Served

CALLS = {
    ("/api/health", "get"), ("/api/models", "get"), ("/api/read", "post"), ("/api/look", "post"),
    ("/api/own", "get"), ("/api/own", "post"), ("/api/own", "delete"), ("/api/own/{name}", "delete"),
    ("/api/own/digits.csv", "get"), ("/api/own/digits.zip", "get"),
}  # fmt: skip


def test_every_call_is_described_with_examples(served: Served) -> None:
    told = served.get("/openapi.json").json
    assert {(path, method) for path, calls in told["paths"].items() for method in calls} == CALLS
    for path, method in CALLS:
        call = told["paths"][path][method]
        assert call["summary"]
        assert {"403", "421"} <= set(call["responses"])
    pictures = told["paths"]["/api/read"]["post"]["requestBody"]["content"]
    assert set(pictures) == {"image/*", "multipart/form-data", "application/json"}
    assert pictures["application/json"]["examples"]
    assert told["components"]["schemas"]["ReadDigit"]["properties"]["value"]["examples"]


def test_the_examples_are_answered(served: Served) -> None:
    import json

    told = served.get("/openapi.json").json
    examples = told["paths"]["/api/read"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    for example in examples.values():
        answer = served.post("/api/read?single=true", json.dumps(example["value"]).encode(), "application/json")
        assert answer.status == 200
        assert len(answer.json["digits"]) == 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="schemathesis needs Python 3.11")
def test_whatever_the_description_allows_is_answered_as_it_says(served: Served, tmp_path: Path) -> None:
    """Requests made from the description, right and wrong: no 5xx, no status or shape that it does not tell of."""
    program = Path(sys.executable).parent / "schemathesis"
    call = [
        program, "run", f"{served.address}/openapi.json", "--max-examples", "25", "--seed", "1", "--workers", "1",
        # a body may be a picture by the description and still hold none, which is 422
        "--exclude-checks", "positive_data_acceptance",
        "--suppress-health-check", "all", "--generation-database", "none",
    ]  # fmt: skip
    done = subprocess.run(call, capture_output=True, text=True, cwd=tmp_path, timeout=100, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Tested: 10" in done.stdout
    assert served.get("/api/health").status == 200
