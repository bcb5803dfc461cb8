"""Labelled digits: where they come from, which formats they have, how they are split. No torch."""
