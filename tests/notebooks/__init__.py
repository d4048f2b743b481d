"""examples/notebooks: each is its script, shows what it prints, and has the right figures."""
