"""The tests mirror the package; `tests/benchmarks` holds timings, programs of their own."""
