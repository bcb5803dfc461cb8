"""The file formats of labelled digits, one file each.

- `idx`: the format MNIST is published in, plain or gzipped; `idx_sets` finds the files that belong together.
- `npz`: NumPy archives of Keras, MedMNIST or scikit-learn, or plain ``images`` and ``labels``.
- `unipen`: pen strokes as a tablet recorded them; `compress` reads the ``.Z`` files that they are published in.
- `tables`: CSV, one row per digit: Kaggle's layout and its variants.
- `class_folders`: one folder of pictures per class.
"""
