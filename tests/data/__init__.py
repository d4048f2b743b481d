"""Tests of the way from text to batches, which need no engine."""
