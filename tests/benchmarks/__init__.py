"""Timings against peers: ``python -m tests.benchmarks --help``. Not part of the test suite.

Every peer does the same work in a process of its own, with the same number of BLAS threads, set
before NumPy is loaded. Its results are compared with the hand-written NumPy before it is timed.
A machine's speed drifts by a factor of two within an hour, so what counts is the ratio to the
hand-written NumPy of the same round, and of that the median over rounds.
"""
