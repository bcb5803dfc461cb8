"""ONNX Runtime, imported here only: its telemetry must be switched off before the import."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnxruntime


def start_session(graph: bytes, threads: int) -> onnxruntime.InferenceSession:
    """Prepare the content of an ``.onnx`` file for running, on so many processor threads (0: all)."""
    _switch_off_telemetry()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = False  # it would keep the memory of the largest batch; it saves no time worth that
    options.log_severity_level = 4  # errors are raised, and need not be printed too
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def runtime_version() -> str:
    """Return the version of ONNX Runtime."""
    _switch_off_telemetry()
    import onnxruntime

    return str(onnxruntime.__version__)


def _switch_off_telemetry() -> None:
    """Keep ONNX Runtime from reporting every process to its makers and storing an identifier, as from release 1.29 on.

    It reads this variable when it is imported. Users who want to report set it to 0.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
