"""The OpenAPI description is complete, and requests generated from it are answered as described."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.web.conftest import Served

pytestmark = pytest.mark.slow

CALLS = {
    ("/api/health", "get"), ("/api/models", "get"), ("/api/read", "post"), ("/api/explain", "post"),
    ("/api/table", "post"), ("/api/form", "post"), ("/api/digits", "post"),
    ("/api/unit", "post"), ("/api/explain/digit", "post"), ("/api/unit/digits", "get"), ("/api/samples", "get"),
    ("/api/corrections", "get"), ("/api/corrections", "post"), ("/api/corrections", "delete"),
    ("/api/corrections/{correction_id}", "delete"), ("/api/corrections/{correction_id}", "post"),
    ("/api/corrections.{suffix}", "get"),
    ("/api/trainings", "get"), ("/api/trainings", "post"), ("/api/trainings/{name}", "get"),
    ("/api/trainings/{name}/pause", "post"), ("/api/trainings/{name}/go-on", "post"),
    ("/api/trainings/{name}/keep", "post"), ("/api/trainings/from/corrections", "post"),
}  # fmt: skip


def test_every_call_is_described(served: Served) -> None:
    description = served.get("/openapi.json").json
    assert {(path, method) for path, calls in description["paths"].items() for method in calls} == CALLS
    for path, method in CALLS:
        call = description["paths"][path][method]
        assert call["summary"]
        assert {"403", "421"} <= set(call["responses"])
    pictures = description["paths"]["/api/read"]["post"]["requestBody"]["content"]
    assert set(pictures) == {"image/*", "application/pdf", "multipart/form-data"}
    table = description["paths"]["/api/table"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert (set(table["properties"]), table["required"]) == ({"file", "roster"}, ["file"])
    assert description["components"]["schemas"]["Digit"]["properties"]["value"]["examples"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="schemathesis needs Python 3.11")
def test_generated_requests_are_answered_as_described(served: Served, tmp_path: Path) -> None:
    """Valid and invalid requests: no 5xx, no status or shape outside the description."""
    program = Path(sys.executable).parent / "schemathesis"
    call = [
        program, "run", f"{served.address}/openapi.json", "--max-examples", "25", "--seed", "1", "--workers", "1",
        # a body can match the description and still hold no picture, which is 422
        "--exclude-checks", "positive_data_acceptance",
        "--suppress-health-check", "all", "--generation-database", "none",
    ]  # fmt: skip
    done = subprocess.run(call, capture_output=True, text=True, cwd=tmp_path, timeout=100, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert f"Tested: {len(CALLS)}" in done.stdout
    assert served.get("/api/health").status == 200
