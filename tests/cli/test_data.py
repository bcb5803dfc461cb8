"""``digits data``: what is told of a set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def test_data_as_json_is_json_alone(few_file: Path, digits: Any) -> None:
    said = digits("data", "--data", few_file, "--json")
    assert (said.code, said.err) == (0, "")
    assert str(few_file) in json.dumps(json.loads(said.out))
