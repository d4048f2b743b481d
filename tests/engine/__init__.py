"""The engine: the graph, its reverse sweep, Value, NumPy's doors, and derivatives of functions."""
