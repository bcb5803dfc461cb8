"""``python -m digits`` is the ``digits`` command; ``torchrun -m digits`` too."""

from digits.cli import main

if __name__ == "__main__":
    main()
