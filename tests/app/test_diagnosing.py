"""``tinygrad-rnn diagnose``: a function is run and its mistake named, or one line: why not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.check.doctor import hand_gru, hand_lstm, hand_rnn
from tests.check.doctor.planting import planted_source
from tinygrad_rnn.app.cli import main
from tinygrad_rnn.app.small_problem import STATES, Sizes, small_problem

MODULES = {"rnn": hand_rnn, "lstm": hand_lstm, "gru": hand_gru}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Write a file, and diagnose its function ``gradients``."""
    monkeypatch.chdir(tmp_path)

    def run(source: str, *words: str, function: str = "gradients") -> tuple[int, str, str]:
        Path("mine.py").write_text(source, encoding="utf-8")
        status = main(("diagnose", f"mine.py:{function}", *words))
        return status, *capsys.readouterr()

    return run


def ending(returned: str) -> str:
    """A right RNN that returns something else in the end."""
    source = planted_source(hand_rnn)
    assert source.count("    return found\n") == 1
    return source.replace("    return found\n", f"    {returned}\n")


@pytest.mark.parametrize("loss", ["mean", "sum"])
@pytest.mark.parametrize("cell", MODULES)
def test_the_problem_shows_what_is_to_be_seen(cell: str, loss: str) -> None:
    problem = small_problem(cell, loss, Sizes(), seed=0)
    T, B = problem.inputs.shape
    assert T > 3 and B > 1 and T != B
    assert all(np.all(problem.weights[name] != 0) for name in STATES[cell])
    assert any(len(set(row)) < B for row in problem.inputs)
    assert all(v.grad is None for v in problem.values.values())
    problem.loss.backward()
    for name, v in problem.values.items():
        if name not in STATES[cell] and not (loss == "mean" and name.startswith("head")):
            assert np.max(np.abs(v.grad)) > 5, name


@pytest.mark.parametrize("cell", MODULES)
def test_a_right_derivative_is_called_right(cell: str, run: Run) -> None:
    status, out, err = run(planted_source(MODULES[cell]), "--cell", cell)
    assert (status, err) == (0, "")
    assert "all 7 gradients are right" in out


@pytest.mark.parametrize(
    ("cell", "names", "line"),
    [
        ("rnn", ("no carry from t+1", "h_t where h_{t−1} belongs"), "(R7)"),
        ("lstm", ("factor f missing (c_prev)",), "(L15): dc_prev = dc · f"),
        ("gru", ("reset gate applied before the matrix",), "(G7)"),
    ],
)
def test_a_wrong_one_is_explained(cell: str, names: tuple[str, ...], line: str, run: Run) -> None:
    status, out, err = run(planted_source(MODULES[cell], *names), "--cell", cell)
    assert (status, err) == (1, "")
    assert all(name in out for name in names) and line in out
    assert "This reproduces the given numbers" in out and "either:" not in out


def test_clipping_at_5_and_the_bias_that_was_left_out(run: Run) -> None:
    kept = '("rnn.bias_hh_l0",)'
    clipped = f"return {{k: g if k in {kept} else np.clip(g, -5, 5) for k, g in found.items()}}"
    status, out, _ = run(ending(clipped), "--cell", "rnn")
    assert status == 1
    assert "clipped at ±5" in out
    assert "rnn.bias_hh_l0: was left out of the clipping at ±5" in out


def test_other_sizes_tell_a_sum_for_a_mean_from_an_accumulation(run: Run) -> None:
    status, out, _ = run(planted_source(hand_rnn, "factor T"), "--cell", "rnn")
    assert status == 1
    assert "factor T" in out and "accumulated" not in out
    five_times = ending("return {k: 5 * g for k, g in found.items()}")
    status, out, _ = run(five_times, "--cell", "rnn")
    assert status == 1
    assert "accumulated 5 times" in out and "factor T" not in out


def test_the_sum_over_all_places(run: Run) -> None:
    source = planted_source(hand_rnn, "factor T·B")
    assert run(source, "--cell", "rnn", "--loss", "sum")[0] == 0
    status, out, _ = run(planted_source(hand_rnn), "--cell", "rnn", "--loss", "sum")
    assert status == 1 and "factor 1/(T·B)" in out


def test_the_gradient_of_the_first_state_may_be_given(run: Run) -> None:
    with_state = ending('return {**found, "h_0": dh_next}')
    status, out, _ = run(with_state, "--cell", "rnn")
    assert status == 0 and "all 8 gradients are right" in out
    cut = ending('return {**found, "h_0": 0 * dh_next}')
    status, out, _ = run(cut, "--cell", "rnn")
    assert status == 1 and "h_0: is zero everywhere" in out
    late = with_state.replace("hs[t - 1]\n", "hs[t]\n")
    status, out, _ = run(late, "--cell", "rnn")
    assert status == 1 and "h_t where h_{t−1} belongs" in out


def test_sums_that_are_kept_from_call_to_call(run: Run) -> None:
    source = planted_source(hand_rnn).replace("def gradients", "def once") + (
        "\n\nsums = {}\n\n\ndef gradients(weights, inputs, targets):\n"
        "    for name, g in once(weights, inputs, targets).items():\n"
        "        sums[name] = sums.get(name, 0) + g\n"
        "    return sums\n"
    )
    status, out, _ = run(source, "--cell", "rnn")
    assert status == 1
    assert "called again with the same numbers, it gives others" in out
    assert "which are not set to zero" in out


def test_programs_get_one_object(run: Run) -> None:
    status, out, _ = run(planted_source(hand_lstm, "tanh′ missing (g)"), "--cell", "lstm", "--json")
    assert status == 1
    (line,) = out.splitlines()
    event = json.loads(line)
    assert (event["event"], event["verdict"], event["unknown"]) == ("diagnosis", "explained", [])
    ((mistake,),) = event["explanations"]
    assert (mistake["name"], mistake["line"]) == ("tanh′ missing (g)", "L18")
    assert "rnn.weight_hh_l0" in mistake["weights"] and "head.bias" not in mistake["weights"]


def test_an_exception_is_reported_with_its_line(run: Run) -> None:
    line = "dh_next = np.zeros_like(hs[-1])"
    source = planted_source(hand_rnn)
    assert source.count(line) == 1
    number = source[: source.index(line)].count("\n") + 1
    status, out, err = run(source.replace(line, "dh_next = np.zeros(hs[0])"), "--cell", "rnn")
    assert (status, out) == (2, "")
    assert err == (
        f"tinygrad-rnn: mine.py:{number} in gradients, 'dh_next = np.zeros(hs[0])': TypeError:"
        " only integer scalar arrays can be converted to a scalar index\n"
    ) or err.startswith(
        f"tinygrad-rnn: mine.py:{number} in gradients, 'dh_next = np.zeros(hs[0])': TypeError: "
    )
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def gradients(:\n", "mine.py:1: SyntaxError: "),
        (
            "x = 1\nraise KeyError('x')\n",
            "mine.py:2 in <module>, \"raise KeyError('x')\": KeyError",
        ),
        ("import sys\nsys.exit(3)\n", "mine.py:2 in <module>, 'sys.exit(3)': SystemExit: 3"),
        ("import nowhere_to_be_found\n", "ModuleNotFoundError: No module named"),
        ("def other(a):\n    pass\n", "gradients is not there; the functions of the file: other"),
        ("gradients = 3\n", "gradients is no function; the functions of the file: none"),
        ("def gradients(weights):\n    pass\n", "takes 1 positional argument but 3 were given"),
        ("def gradients(w, x, y):\n    pass\n", "returned nothing (None), not a dict"),
        ("def gradients(w, x, y):\n    return 1.0, {}\n", "returned a tuple of 1.0, a dict, not"),
        (
            "def gradients(w, x, y):\n    return {}\n",
            "embedding.weight is missing: the names given",
        ),
        (
            "def gradients(w, x, y):\n    return w['W']\n",
            "mine.py:2 in gradients, \"return w['W']\"",
        ),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_line(source: str, said: str, run: Run) -> None:
    status, out, err = run(source, "--cell", "rnn")
    assert (status, out) == (2, "")
    assert err.startswith("tinygrad-rnn: mine.py") and err.count("\n") == 1
    assert said in err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("found['head.bias'] = db[1:]", "head.bias has shape (6,), its weight (7,)"),
        ("found['head.bias'] = np.full(7, np.nan)", "head.bias is not finite: nan at [0]"),
        ("found['head.bias'] = 'seven'", "head.bias is a str, not an array of numbers"),
        ("found['head.bias'] = db + 1j", "head.bias is (7,) complex128, not an array of numbers"),
        ("found['head.bias'] = None", "head.bias is a NoneType, not an array of numbers"),
        ("found['b'] = found.pop('head.bias')", "head.bias is missing: the names given are"),
        ("found['b'] = db", "b is no weight: the weights are embedding.weight"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(change: str, said: str, run: Run) -> None:
    status, out, err = run(ending(f"{change}\n    return found"), "--cell", "rnn")
    assert (status, out) == (2, "")
    assert said in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("mine.py",), "'mine.py' names no function: write FILE.py:FUNCTION"),
        (("nowhere.py:f",), "nowhere.py: No such file or directory"),
        (("mine.py:f", "--cell", "tnn"), "argument --cell"),
        (("mine.py:f", "--steps", "0"), "argument --steps: '0' is not a whole number from 1 to 64"),
    ],
)
def test_a_wrong_command_line(
    words: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(("diagnose", *words)) == 2
    out, err = capsys.readouterr()
    assert out == "" and said in err and err.count("\n") == 1


def test_a_file_imports_what_lies_beside_it(run: Run) -> None:
    Path("beside_mine.py").write_text(planted_source(hand_rnn), encoding="utf-8")
    source = "def gradients(*a):\n    import beside_mine\n    return beside_mine.gradients(*a)\n"
    assert run(source, "--cell", "rnn")[0] == 0


def test_the_derivation_by_hand_of_the_package_is_right(run: Run) -> None:
    source = """
from tinygrad_rnn.manual import language_model

def gradients(weights, inputs, targets):
    w = dict(weights)
    state = tuple(w.pop(name)[None] for name in ("h_0", "c_0"))
    loss, found = language_model.loss_and_gradients(w, inputs, targets, state, cell="lstm")
    return found
"""
    assert run(source, "--cell", "lstm")[0] == 0


def test_what_the_function_prints_does_not_get_between(run: Run) -> None:
    source = planted_source(hand_rnn).replace("    T, B =", "    print('hello')\n    T, B =")
    status, out, err = run("print('at first')\n" + source, "--cell", "rnn", "--json")
    assert status == 0 and json.loads(out)["verdict"] == "right"
    assert err.splitlines() == ["at first", "hello", "hello"]
