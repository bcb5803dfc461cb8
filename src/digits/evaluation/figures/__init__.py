"""Pictures of data and results, from arrays: each function returns a matplotlib figure.

`save` writes it, and `encode` returns it as PNG.

- `charts`: confusion matrix, calibration, differences with their intervals.
- `curves`: loss and accuracy per epoch, of one run or of several recipes.
- `film`: how the network learned, as an animated picture.
- `pictures`: samples, augmented digits, most confident errors, disagreements, weights of the first layer.
- `studies`: the loss over the learning rate, the accuracy over the training digits.
- `sweeps`: the trials of a sweep, and which settings mattered.
- `style`: the style they share.

They need no display and leave the user's matplotlib settings alone; matplotlib is loaded on the first call.
"""

from digits.evaluation.figures.charts import confusion, differences, reliability
from digits.evaluation.figures.curves import accuracy_curves, compared_accuracy, loss_curves
from digits.evaluation.figures.film import draw_film
from digits.evaluation.figures.pictures import augmented_digits, disagreements, first_layer, mistakes, sample_digits
from digits.evaluation.figures.studies import learning_curve, learning_rates
from digits.evaluation.figures.style import encode, save
from digits.evaluation.figures.sweeps import importance, sweep_history, sweep_settings

__all__ = [
    "accuracy_curves",
    "augmented_digits",
    "compared_accuracy",
    "confusion",
    "differences",
    "disagreements",
    "draw_film",
    "encode",
    "first_layer",
    "importance",
    "learning_curve",
    "learning_rates",
    "loss_curves",
    "mistakes",
    "reliability",
    "sample_digits",
    "save",
    "sweep_history",
    "sweep_settings",
]
