"""``python -m tests.notebooks [NAME ...]``: make the notebooks of examples/notebooks anew.

For after a change of a script, or of what it prints. Read the difference before committing it.
"""

from __future__ import annotations

import sys

from .making import FOLDER, make, scripts

if __name__ == "__main__":
    for script in [FOLDER / f"{name}.py" for name in sys.argv[1:]] or scripts():
        make(script, script.with_suffix(".ipynb"))
        print(script.with_suffix(".ipynb").name)
