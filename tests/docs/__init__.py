"""README, the pages in docs/ and the docstrings: what they show is what happens."""
