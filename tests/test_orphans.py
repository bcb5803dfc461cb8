"""No process outlives the one that started it, even if that is killed and the process hangs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import multiprocessing, threading
from digits.orphans import end_with_parent

def hang():
    end_with_parent()
    threading.Thread(target=threading.Event().wait).start()  # which the interpreter waits for when it ends
    print("hangs", flush=True)

if __name__ == "__main__":
    multiprocessing.get_context("spawn").Process(target=hang).start()
"""


def test_a_hanging_process_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    parent = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    assert parent.stdout.readline() == "hangs\n"
    parent.kill()
    rest, _ = parent.communicate(timeout=60)  # until the last process that can write has ended
    assert rest == ""
