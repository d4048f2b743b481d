"""Tests of the optimisers, which need no engine: a parameter is an object of two attributes."""
