"""Evaluation runs: data sets, what a worker is asked to embed, and the thresholds that a run has shown."""
