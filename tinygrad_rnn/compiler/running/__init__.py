"""Running a program, and the node that this leaves in the caller's graph.

Read `execution` (memory, and the list of calls), then `replay` (a run whose gradients may still be
asked for). `stepwise` runs a program without any pass, `second_derivative` a function uncompiled.
"""
