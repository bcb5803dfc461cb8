"""Labelled digits: find, download, read any format, check, split. No torch.

Data flows through these files in this order:

1. `mnist` and `datasets` find the files: a path, ``$DIGITS_DATA``, ``data/mnist`` or the user's cache; `download`
   fetches MNIST.
2. `readers` chooses among `formats`, of which each file reads one; `file_errors` words the errors of broken downloads.
   `memory` limits what they unpack to. `pen_strokes` finds or fetches what 30 people wrote on a tablet.
3. `raw_dataset` checks the arrays and makes them ``uint8[n, 28, 28]`` with labels 0–9.
4. `identity` recognizes MNIST by its SHA-256 and holds out a test fold where a dataset has none.
5. `splits` separates training from validation digits; `summary` describes a dataset.
"""

from digits.data.datasets import (
    is_digit_set,
    load_dataset,
    load_labelled,
    load_parts,
    read_unlabelled,
    read_unlabelled_content,
)
from digits.data.formats.idx import idx_bytes, idx_sha256, read_idx, write_idx
from digits.data.formats.pictures import Decode, DigitPicture, PictureFitter, decode_picture
from digits.data.formats.unipen import PenDigit, read_unipen
from digits.data.identity import make_dataset
from digits.data.mnist import load_mnist
from digits.data.pen_strokes import load_pen_strokes
from digits.data.raw_dataset import DIGIT_NAMES, MNIST_FILES, RawDataset
from digits.data.splits import split
from digits.data.summary import describe, summarize

__all__ = [
    "DIGIT_NAMES",
    "MNIST_FILES",
    "Decode",
    "DigitPicture",
    "PenDigit",
    "PictureFitter",
    "RawDataset",
    "decode_picture",
    "describe",
    "idx_bytes",
    "idx_sha256",
    "is_digit_set",
    "load_dataset",
    "load_labelled",
    "load_mnist",
    "load_parts",
    "load_pen_strokes",
    "make_dataset",
    "read_idx",
    "read_unipen",
    "read_unlabelled",
    "read_unlabelled_content",
    "split",
    "summarize",
    "write_idx",
]
