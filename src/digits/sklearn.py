"""``from digits.sklearn import DigitsClassifier``: recipes as scikit-learn estimators."""

try:
    from digits.experiments.classifier import DigitsClassifier
except ModuleNotFoundError as error:
    if error.name != "sklearn":
        raise
    raise ModuleNotFoundError(
        "digits.sklearn needs scikit-learn: pip install 'digits[sklearn]'", name=error.name
    ) from error

__all__ = ["DigitsClassifier"]
