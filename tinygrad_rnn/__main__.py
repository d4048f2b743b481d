"""``python -m tinygrad_rnn`` is ``tinygrad-rnn``. Imports the command line only."""

from .app.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
