"""The graph and its reverse sweep. Knows no particular op: ops arrive as rules, which are data."""

from .memory import keep_freed_memory

keep_freed_memory()
