"""Benchmarks: data sets, runs, metrics, reports and calibration."""
