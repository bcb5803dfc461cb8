"""How good a model is: scores, figures and the report of a run.

- `models`: from any model and any labelled digits to a `Score`.
- `metrics`: accuracy with its interval, likelihood, figures per class, confusions, from logits and labels.
- `calibration`: how well confidence matches accuracy; temperature scaling.
- `figures`: the pictures, as matplotlib figures: `charts`, `curves`, `pictures`, `studies`, in the one `style`.
- `test_uses`: how often the test digits of a run were scored.
- `report`: all of it on one self-contained page, made from a run folder alone.

Matplotlib and Jinja are loaded when a figure or report is first made.
"""

from digits.evaluation import figures
from digits.evaluation.metrics import Score, score, wilson_interval
from digits.evaluation.models import evaluate
from digits.evaluation.report import write_report

__all__ = ["Score", "evaluate", "figures", "score", "wilson_interval", "write_report"]
