"""Benchmarks, each runnable alone, printing figures and ratios measured in the same run."""
