"""How a function becomes a program: it runs once on stand-ins that note what is done to them.

Read `traced` (the stand-ins; `in_place`: what changes them, `plain_rules`: NumPy's
functions of them), then `capture` (the function's run,
and the sweep back; `results`: where the program's outputs go). The others watch what the trace
depends on: `arguments`, `namespaces` and `surroundings`, `data_reads`; `collector` only saves time.
"""
