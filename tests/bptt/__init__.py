"""Tests of `tinygrad_rnn.bptt`: what happens through time."""
