from __future__ import annotations

import pytest

from tinygrad_rnn.app.refusal import Refused, one_line, printable, refusing


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("x is y\n  where: here\n  why: z\n  fix: do a"), "x is y; do a"),
        (ValueError("x is y"), "x is y"),
        (ValueError(), "ValueError"),
        (ValueError("x\n  fix: " + "long " * 60), "x"),
        (PermissionError(13, "Permission denied", "a.txt"), "a.txt: Permission denied"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (FileNotFoundError("a: no such file\n  fix: look"), "a: no such file; look"),
        (ValueError("\a" * 300), r"\x07" * 124 + r"\x0…"),
        (ValueError("bell \a\x1b[31m"), r"bell \x07\x1b[31m"),
        (
            MemoryError("Unable to allocate 9 TiB"),
            "this does not fit into memory (Unable to allocate 9 TiB)",
        ),
    ],
)
def test_an_error_becomes_one_printable_line(error: Exception, line: str) -> None:
    assert one_line(error) == line


def test_printable_keeps_letters_of_all_kinds_and_writes_out_the_rest() -> None:
    assert printable("∂L/∂x = é 字 🙂") == "∂L/∂x = é 字 🙂"
    assert printable("a\tb\nc\x7f", keep="\n\t") == "a\tb\nc\\x7f"
    assert printable("\x9b2J\u202e\ud800") == "\\x9b2J\\u202e\\ud800"


def test_input_that_is_wrong_is_refused_and_faults_of_ours_are_not_hidden() -> None:
    with pytest.raises(Refused, match=r"^too short$") as caught, refusing():
        raise ValueError("too short")
    assert caught.value.status == 2
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(ZeroDivisionError), refusing():
        raise ZeroDivisionError
    with pytest.raises(ValueError), refusing((OSError,)):
        raise ValueError
    with pytest.raises(BrokenPipeError), refusing():
        raise BrokenPipeError(32, "Broken pipe")
