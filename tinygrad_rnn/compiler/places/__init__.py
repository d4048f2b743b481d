"""Where each value of a program will lie, decided before there is any memory.

Read `regions` (parts of memory, told by strides), `joins` and `placement` (stacks without copies),
then `arena` and `memory` (what is over makes room). `lending` keeps results apart that are handed
out, `dependences` tells who waits for whom, and `plan` brings all together.
"""
