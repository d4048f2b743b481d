"""A table of results: what was measured, and its cells as printed. Also the record of a run."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Table:
    """Cells by row and column.

    Attributes
    ----------
    title, corner : str
    columns : list of str
    rows : dict
        From a row's name to its cells' texts, by column.
    values : dict
        From a row's name to what was measured, by column: one number a round.
    """

    title: str
    corner: str
    columns: list[str]
    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, row: str, column: str, text: str, values: list[float]) -> None:
        """Fill a cell."""
        self.rows.setdefault(row, {})[column] = text
        self.values.setdefault(row, {})[column] = values

    def markdown(self) -> str:
        """Return the table alone, without its title."""
        lines = [[self.corner, *self.columns], ["---"] * (len(self.columns) + 1)]
        lines += [
            [row, *(cells.get(c, "") for c in self.columns)] for row, cells in self.rows.items()
        ]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@dataclass
class Record:
    """A run of the benchmark: how it was made, and its tables."""

    made: str
    tables: list[Table] = field(default_factory=list)

    def write(self, file: Path) -> None:
        """Write everything as JSON."""
        text = json.dumps(dataclasses.asdict(self), ensure_ascii=False, indent=1)
        file.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> Record:
        """Read what `write` has written."""
        said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return cls(said["made"], [Table(**table) for table in said["tables"]])
