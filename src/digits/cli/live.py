"""The view of a training: the page of ``digits serve``, beside the process that trains."""

from __future__ import annotations

import atexit
import contextlib
import subprocess
import sys
from pathlib import Path

from digits.errors import UsageError


class View:
    """Serve the page for a folder of runs, and open it in the browser; it ends with this process.

    Raises
    ------
    UsageError
        When the service does not start; it has said why.
    """

    def __init__(self, runs: Path) -> None:
        call = [sys.executable, "-m", "digits", "serve", "--port", "0", "--runs", str(runs)]
        # a session of its own: Ctrl-C ends the training early, and the view stays
        self.process = subprocess.Popen(call, stdout=subprocess.PIPE, text=True, start_new_session=True)
        atexit.register(self.process.terminate)
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line.startswith("digits is at "):
            raise UsageError("--live needs the page of digits serve, which did not start: see above")
        self.address = f"{line.split()[3]}/train.html"
        import webbrowser

        webbrowser.open(self.address)

    def wait(self) -> None:
        """Wait until Ctrl-C."""
        with contextlib.suppress(KeyboardInterrupt):
            self.process.wait()
