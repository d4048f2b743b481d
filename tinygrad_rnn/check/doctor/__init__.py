"""The doctor: a catalogue of classic mistakes, and the search for those that explain a gradient.

`tinygrad_rnn.check.diagnose` is its front door. Imports ops and the engine.
"""
