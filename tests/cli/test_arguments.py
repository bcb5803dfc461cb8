"""Flags from dataclass fields: types, spellings, order, help, and the errors of a wrong call."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from pathlib import Path

import pytest

from digits.cli.arguments import parse, parse_words
from digits.errors import UsageError
from digits.options import option


@dataclass(frozen=True)
class Call:
    model: str = option(MISSING, "A model.", positional=True, metavar="MODEL")
    epochs: int = option(40, "Passes.", "[1, inf)")
    lr: float = option(0.004, "Rate.", "(0, inf)")
    batch_size: int = option(500, "Digits per step.", flags=("--batch-size", "--bs"))
    hidden_sizes: tuple[int, ...] = option((256, 128), "Widths.", "[1, inf)")
    format: str = option("onnx", "File.", flags=("--to",), choices=("onnx", "safetensors"))
    out: Path | None = option(None, "Folder.", flags=("-o", "--out"))
    names: tuple[str, ...] = option((), "Names.")
    open: bool = option(False, "Browser.")


def do() -> None:
    """Do something."""


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("cnn", {}),
        ("--epochs 3 cnn", {"epochs": 3}),
        ("cnn --epochs=3 --open", {"epochs": 3, "open": True}),
        ("--open cnn --lr 1e-2", {"lr": 0.01, "open": True}),
        ("cnn --batch-size 5", {"batch_size": 5}),
        ("cnn --batch_size=5", {"batch_size": 5}),
        ("cnn --bs 5", {"batch_size": 5}),
        ("--hidden-sizes 64 32 cnn", {"hidden_sizes": (64, 32)}),
        ("--hidden_sizes=64,32 cnn", {"hidden_sizes": (64, 32)}),
        ("cnn --hidden-sizes --open", {"hidden_sizes": (), "open": True}),
        ("cnn --to safetensors -o a/b", {"format": "safetensors", "out": Path("a/b")}),
        ("cnn --names a b", {"names": ("a", "b")}),
    ],
)
def test_words_become_values(words: str, values: dict[str, object]) -> None:
    assert parse(do, Call, words.split()) == Call(model="cnn", **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "MODEL is missing: digits do MODEL"),
        ("cnn mlp", "unexpected argument 'mlp'"),
        ("cnn --epcohs 3", "--epcohs is unknown; did you mean --epochs"),
        ("cnn --wd 3", "--wd is unknown; --help lists all flags"),
        ("cnn --epochs", "--epochs needs a value"),
        ("cnn --epochs many", "--epochs must be a whole number, not 'many'"),
        ("cnn --epochs 0", "--epochs must be 1 or more, not 0"),
        ("cnn --lr nan", "--lr must be above 0, not nan"),
        ("cnn --bs 0.5", "--batch-size must be a whole number"),
        ("cnn --hidden-sizes 64 0", "--hidden-sizes must be 1 or more, not 0"),
        ("cnn --to pdf", "--to 'pdf' is unknown; choose from onnx, safetensors"),
        ("cnn --open=yes", "--open takes no value"),
    ],
)
def test_wrong_call_is_one_sentence(words: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(do, Call, words.split())
    assert str(raised.value).startswith(says)


def test_synonym_is_answered_with_the_right_word() -> None:
    with pytest.raises(UsageError, match=r"--learning-rate is unknown; did you mean --lr\?"):
        parse_words(fields(Call), ["--learning-rate", "3"], {"learning_rate": "lr"})


def test_help_lists_flags_types_and_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(do, Call, ["--help"])
    assert ended.value.code == 0
    assert (
        capsys.readouterr().out
        == """usage: digits do MODEL [flags]

Do something.

Arguments:
  MODEL                     A model.

Flags:
  --epochs N                Passes. [default: 40]
  --lr X                    Rate. [default: 0.004]
  --batch-size, --bs N      Digits per step. [default: 500]
  --hidden-sizes N …        Widths. [default: 256 128]
  --to NAME                 File. One of onnx, safetensors. [default: onnx]
  -o, --out PATH            Folder.
  --names NAME …            Names.
  --open                    Browser.
"""
    )
