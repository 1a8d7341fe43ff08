"""Benchmarks: each prints what was measured, the target and what it is compared with (``make bench BENCH=name``)."""
