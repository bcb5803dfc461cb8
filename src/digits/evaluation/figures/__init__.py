"""Pictures of data and results, from arrays: each function returns a matplotlib figure, :func:`save` writes it.

- `charts`: confusion matrix, calibration.
- `curves`: loss and accuracy per epoch.
- `pictures`: samples, augmented digits, most confident errors, weights of the first layer.
- `style`: the style they share.

They need no display and leave the user's matplotlib settings alone; matplotlib is loaded on the first call.
"""

from digits.evaluation.figures.charts import confusion, reliability
from digits.evaluation.figures.curves import accuracy_curves, loss_curves
from digits.evaluation.figures.pictures import augmented_digits, first_layer, mistakes, sample_digits
from digits.evaluation.figures.style import save

__all__ = [
    "accuracy_curves",
    "augmented_digits",
    "confusion",
    "first_layer",
    "loss_curves",
    "mistakes",
    "reliability",
    "sample_digits",
    "save",
]
