"""Measurements behind every number in README and docs: ``make bench`` runs them, ``results/*.csv`` holds them."""
