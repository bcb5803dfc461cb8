"""Batches of files are read in Ray Data's form, and by Ray itself."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.inference import BulkReader
from digits.synthesis import synthesize_page

pytestmark = pytest.mark.slow

SEEDS = (9, 45, 105)


def content(seed: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(synthesize_page(seed).picture).save(buffer, "PNG")
    return buffer.getvalue()


def text(seed: int) -> str:
    return "\n".join(line.replace(" ", "") for line in synthesize_page(seed).lines)


def test_a_batch_gives_one_row_per_picture_with_any_error() -> None:
    files = [content(SEEDS[0]), b"no picture", content(SEEDS[1])]
    rows = BulkReader()({"bytes": np.array(files, object), "path": np.array(["a", "b", "c"])})
    assert set(rows) == {"path", "text", "confidence", "digits", "error"}
    assert [row.replace(" ", "") for row in rows["text"]] == [text(SEEDS[0]), "", text(SEEDS[1])]
    assert [bool(error) for error in rows["error"]] == [False, True, False]
    assert np.isnan(rows["confidence"][1])
    assert len(json.loads(rows["digits"][0])) == len(text(SEEDS[0]).replace("\n", ""))


def test_a_single_digit_is_one_entry() -> None:
    rows = BulkReader("mlp", single=True)({"bytes": [content(SEEDS[0])], "path": ["a"]})
    assert len(json.loads(rows["digits"][0])) == 1


@pytest.mark.timeout(300)
def test_ray_maps_the_reader_over_files(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is for Python 3.11 and newer")
    for seed in SEEDS:
        (tmp_path / f"{seed}.png").write_bytes(content(seed))
    # in a separate process, since Ray changes signal handlers, logging and the environment
    code = (
        "import sys, json, ray; from digits.inference import BulkReader\n"
        "ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)\n"
        "rows = ray.data.read_binary_files(sys.argv[1], include_paths=True)"
        ".map_batches(BulkReader, concurrency=1, batch_size=2).take_all()\n"
        "print(json.dumps([[str(row['path']), str(row['text']), str(row['error'])] for row in rows]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = json.loads(done.stdout.splitlines()[-1])
    read = {Path(path).stem: (lines.replace(" ", ""), error) for path, lines, error in rows}
    assert read == {str(seed): (text(seed), "") for seed in SEEDS}
