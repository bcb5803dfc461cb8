"""How good a network is, from arrays alone: metrics, intervals, figures, report."""
