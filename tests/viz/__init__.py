"""Tests of tinygrad_rnn.viz."""
