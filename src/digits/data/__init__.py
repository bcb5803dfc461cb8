"""Labelled digits: where they come from, which formats they have, how they are split. No torch.

The way of the data, a file each:

1. A path, ``$DIGITS_DATA``, ``data/mnist``, the user's cache or a mirror names the place: `mnist`, `download`, `sets`.
2. The format is read and its structure checked: `idx` and `idx_sets`, `npz`, `tables` (CSV), `pictures`; `broken` says
   what a spoilt download looks like.
3. The arrays are checked and become ``uint8[n, 28, 28]`` with labels 0–9: `parts`.
4. Their hashes say whether they are MNIST; a missing test part is held out: `recognition`.
5. Training digits are parted from those to choose by: `splits`. `summary` tells what came out.
"""

from digits.data.idx import read_idx, write_idx
from digits.data.mnist import load_mnist
from digits.data.sets import load_dataset, load_labelled
from digits.data.splits import split
from digits.data.summary import describe, summary

__all__ = [
    "describe",
    "load_dataset",
    "load_labelled",
    "load_mnist",
    "read_idx",
    "split",
    "summary",
    "write_idx",
]
