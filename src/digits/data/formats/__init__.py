"""The file formats of labelled digits, one file each.

- `names`: what the names of files say; `arrays`: what the names of arrays say.
- `idx`: the format MNIST is published in, plain or gzipped; `idx_sets` finds the files that belong together.
- `npz`, `npy`: NumPy's archives and single arrays; `matlab`: MATLAB's; `pickled`: arrays in pickles, never unpickled.
- `unipen`: pen strokes as a tablet recorded them; `compress` reads the ``.Z`` files that they are published in.
- `tables`: one row per digit: Kaggle's layout and its variants; `table_text` gives their lines, and those of ARFF.
- `parquet`: tables of the Hugging Face Hub; `parquet_pages` measures what they unpack to.
- `class_folders`: one folder of pictures per class; `listed_pictures`: pictures with a table of labels; `pictures`
  decodes them.
- `archives`: ZIP and TAR of all these.
- `writing`: all these formats, from arrays.
"""
