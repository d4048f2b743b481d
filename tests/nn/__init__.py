"""Tests of tinygrad_rnn.nn."""
