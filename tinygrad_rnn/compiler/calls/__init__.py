"""How a step becomes a call of one of NumPy's functions, which writes where it is told.

Read `writing`, which has a call for each op; `by_id` and `row_sums` have those of look-ups, and
`costs` says about how long a step takes.
"""
