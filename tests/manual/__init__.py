"""Tests of the gradients by hand, against witnesses that share no code with them."""
