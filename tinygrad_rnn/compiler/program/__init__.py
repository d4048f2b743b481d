"""What a program is: a list of steps, each an op on the results of steps before it.

Shapes are known, numbers are not. Read `steps`, then `program`; `shapes` finds what a step's result
will look like, `own_ops` and `views` say which ops the compiler adds, and which cost nothing.
`one_hot` and `refusals` can wait until something asks for them.
"""
