"""The starter notebook runs top to bottom on real MNIST, shows what it promises, and uses public names only."""

from __future__ import annotations

import ast
import base64
import io
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

if TYPE_CHECKING:
    from digits.types import Dataset

pytestmark = pytest.mark.slow

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "MNIST_Handwritten_Digits-STARTER.ipynb"
MAX_SECONDS = 120
"""Processor time of the kernel, in seconds: about a minute on two cores. A clock would depend on other programs."""


@cache
def stored() -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def executed(mnist: Dataset, tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    book = nbformat.read(NOTEBOOK, as_version=4)
    book.cells.append(nbformat.v4.new_code_cell("import time\nprint('processor time', time.process_time())"))
    place = str(tmp_path_factory.mktemp("notebook"))
    client = NotebookClient(book, timeout=250, kernel_name="python3", resources={"metadata": {"path": place}})
    with pytest.MonkeyPatch.context() as patch:
        # the kernel works in another folder, where a relative path would lead nowhere, and must not download
        patch.setenv("DIGITS_DATA", str(Path(mnist.location).resolve()))
        return client.execute()


def printed(book: nbformat.NotebookNode) -> str:
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    return "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")


@pytest.mark.timeout(300)
def test_written_out_network_learns(executed: nbformat.NotebookNode) -> None:
    found = re.search(r"test accuracy (\d\d\.\d\d)%", printed(executed))
    assert found
    assert 97 <= float(found[1]) < 99


@pytest.mark.timeout(300)
def test_augmentation_is_more_accurate(executed: nbformat.NotebookNode) -> None:
    rows = dict(re.findall(r"^(classic|augmented), \d+ epochs +([\d.]+)%", printed(executed), re.MULTILINE))
    assert 98.3 <= float(rows["augmented"]) < 99.9
    assert float(rows["augmented"]) > float(rows["classic"])


@pytest.mark.timeout(300)
def test_it_takes_about_a_minute(executed: nbformat.NotebookNode) -> None:
    seconds = re.search(r"^processor time ([\d.]+)$", printed(executed), re.MULTILINE)
    assert seconds
    assert 5 < float(seconds[1]) < MAX_SECONDS


@pytest.mark.timeout(300)
def test_every_figure_is_shown(executed: nbformat.NotebookNode) -> None:
    drawing = [cell for cell in executed.cells if re.search(r"^figures\.", cell.source, re.MULTILINE)]
    pictures = [out.data["image/png"] for cell in drawing for out in cell.outputs if "image/png" in out.get("data", {})]
    assert len(pictures) == len(drawing) >= 9
    for picture in pictures:
        low, high = Image.open(io.BytesIO(base64.b64decode(picture))).convert("L").getextrema()
        assert (low < 100, high) == (True, 255)


@pytest.mark.timeout(300)
def test_nothing_is_printed_to_stderr(executed: nbformat.NotebookNode) -> None:
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    assert [output.text for output in outputs if output.output_type == "stream" and output.name == "stderr"] == []


@pytest.mark.timeout(300)
def test_over_fitting_shows(executed: nbformat.NotebookNode) -> None:
    said = r"^(?:when the validation loss was lowest|at the end) +loss ([\d.]+)"
    lowest, end = re.findall(said, printed(executed), re.MULTILINE)
    assert float(end) > 1.2 * float(lowest), "the validation loss rises again"


@pytest.mark.timeout(300)
def test_page_of_handwriting_is_read(executed: nbformat.NotebookNode) -> None:
    assert "the one that comes with digits: 3 / 47 / 98025 / 75\n" in printed(executed)


def test_it_is_stored_with_its_figures_alone() -> None:
    nbformat.validate(stored())
    assert stored().metadata.kernelspec.name == "python3"
    code = [cell for cell in stored().cells if cell.cell_type == "code"]
    assert [cell for cell in code if cell.execution_count] == []
    for cell in code:
        pictures = [output.data["image/png"] for output in cell.outputs]
        assert (len(pictures) == 1) == bool(
            re.search(r"^figures\.|^plt\.show|^reading\.plot", cell.source, re.MULTILINE)
        )
    assert NOTEBOOK.stat().st_size < 10**6, "it stays quick to load"
    assert len({cell.id for cell in stored().cells}) == len(stored().cells)


def test_network_and_loop_are_written_out() -> None:
    source = "\n".join(cell.source for cell in stored().cells if cell.cell_type == "code")
    for line in (
        "nn.Linear(28 * 28, 256)", "nn.Linear(256, 128)", "nn.Linear(128, 10)", "nn.Dropout(", "F.relu(",
        "F.cross_entropy(", "torch.optim.Adam(", "loss.backward()", "optimizer.step()",
    ):  # fmt: skip
        assert line in source


def private_figures(code: str) -> list[str]:
    """Find names of ``figures`` that a program uses and that are not public."""
    from digits.evaluation import figures

    attributes = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute)]
    return [
        node.attr for node in attributes if ast.unparse(node.value) == "figures" and node.attr not in figures.__all__
    ]


def test_only_public_figures_are_used() -> None:
    drawing = [cell.source for cell in stored().cells if cell.cell_type == "code" and "figures." in cell.source]
    assert [name for source in drawing for name in private_figures(source)] == []


def test_private_figure_is_found() -> None:
    assert private_figures("figures.confusion(a, b)\nfigures.style.sheet(1)") == ["style"]


def test_colab_installs_the_project() -> None:
    pyproject = (NOTEBOOK.parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    repository = re.search(r'^Repository = "(.*)"$', pyproject, re.MULTILINE)
    assert repository
    text = "\n".join(cell.source for cell in stored().cells)
    assert f'"digits[train] @ git+{repository[1]}"' in text
    owner = repository[1].removeprefix("https://github.com/")
    assert f"https://colab.research.google.com/github/{owner}/blob/main/notebooks/{NOTEBOOK.name})" in text
