"""``tinygrad-rnn plot``: a picture in a file of what was asked for, or one line: why not."""

from __future__ import annotations

import builtins
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.app.small import TEXT
from tinygrad_rnn.app import load, plotting
from tinygrad_rnn.app.cli import main
from tinygrad_rnn.app.plot_arguments import PLOTS
from tinygrad_rnn.app.reading import Reading

Run = Callable[..., tuple[int, str, str]]

SMALL = ("--hidden", "6", "--layers", "2", "--batch-size", "3", "--seq-length", "7")
WORDS = "the farmer had 3 cows"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three short runs, one of each cell, that their tests only read."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "tale.txt").write_text(TEXT, encoding="utf-8")
    for cell in ("rnn", "lstm", "gru"):
        words = ("train", str(folder / "tale.txt"), "--cell", cell, *SMALL, "--steps", "4")
        assert main([*words, "--out", str(folder / cell), "--quiet"]) == 0
    return folder


@pytest.fixture
def run(
    runs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run ``plot`` in an empty folder; names of runs are those of their cells."""
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)

    def run(what: str, cell: str = "lstm", *words: str) -> tuple[int, str, str]:
        status = main(("plot", what, str(runs / cell), *words))
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Collect the Axes that are made pictures of."""
    found: list[Any] = []
    original = plotting.picture

    def watched(ax: Any, ending: str) -> bytes:
        found.append(ax)
        return original(ax, ending)

    monkeypatch.setattr(plotting, "picture", watched)
    return found


# Files.


@pytest.mark.parametrize("what", PLOTS)
@pytest.mark.parametrize("ending", ["png", "svg", "html"])
def test_every_plot_in_every_form_and_twice_the_same(run: Run, what: str, ending: str) -> None:
    names = ("one", "two") if ending == "svg" else ("one",)  # it has numbers of chance, if let
    for name in names:
        less = () if what == "curve" else ("--length", "20")
        status, out, err = run(what, "lstm", *less, "-o", f"{name}.{ending}")
        assert (status, err) == (0, "")
        assert out.endswith(f"wrote {name}.{ending}\n")
    content = Path(f"one.{ending}").read_bytes()
    assert all(Path(f"{name}.{ending}").read_bytes() == content for name in names)
    if ending == "png":
        assert content.startswith(b"\x89PNG")
    elif ending == "svg":
        assert ET.fromstring(content).tag.endswith("svg")
    else:
        page = content.decode()
        assert page.startswith("<!DOCTYPE html>") and "<script" not in page
        assert ("coloured-text" if what == "neuron" else "<title>plot</title>") in page
        assert ("<svg" in page) == (what != "neuron")
    assert sorted(path.name for path in Path().iterdir()) == [f"{name}.{ending}" for name in names]


@pytest.mark.parametrize("what", PLOTS)
def test_where_it_goes_if_one_does_not_say(run: Run, what: str) -> None:
    name = "neuron.html" if what == "neuron" else f"{what}.png"
    status, out, _ = run(what)
    assert (status, out.splitlines()[-1]) == (0, f"wrote {name}")
    assert [path.name for path in Path().iterdir()] == [name]


# What is drawn.


def reading(runs: Path, cell: str, text: str = WORDS) -> Reading:
    return Reading(load(runs / cell), text)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_flow_has_a_line_for_the_net_and_each_fresh_one(
    run: Run, runs: Path, drawn: list[Any], cell: str
) -> None:
    status, out, _ = run("flow", cell, WORDS)
    assert (status, out.splitlines()[0]) == (0, "read the text given, 21 characters from 0 on")
    expected = reading(runs, cell).flow()
    (ax,) = drawn
    for line, (label, norms) in zip(ax.lines, expected.items(), strict=True):
        assert line.get_label() == label
        np.testing.assert_array_equal(line.get_ydata(), norms)
    assert len(expected) == (5 if cell == "gru" else 4)


def test_the_ledger_is_of_the_highest_recurrent_weight_or_of_the_one_named(
    run: Run, runs: Path, drawn: list[Any]
) -> None:
    run("ledger", "gru", WORDS)
    run("ledger", "gru", WORDS, "--weight", "rnn.weight_ih_l0")
    for ax, name in zip(drawn, ("rnn.weight_hh_l1", "rnn.weight_ih_l0"), strict=True):
        assert ax.get_title() == name
        account = reading(runs, "gru").account(name)
        (image,) = ax.images
        assert image.get_array()[7, 4] == pytest.approx(account.norms[7, 4])
        assert image.get_array().shape == (20, 20)  # the last character is only predicted


@pytest.mark.parametrize("measure", ["norms", "spectral_radius"])
def test_the_jacobian_by_either_measure(
    run: Run, runs: Path, drawn: list[Any], measure: str
) -> None:
    assert run("jacobian", "lstm", WORDS, "--measure", measure)[0] == 0
    ((image,),) = (ax.images for ax in drawn)
    sizes = getattr(reading(runs, "lstm").jacobian(), measure)
    assert sizes.shape == (21, 21)
    assert image.get_array()[9, 3] == pytest.approx(sizes[9, 3])


@pytest.mark.parametrize(("cell", "names"), [("lstm", "ifo"), ("gru", "rz")])
def test_gates_of_a_layer_over_the_letters(
    run: Run, runs: Path, drawn: list[Any], cell: str, names: str
) -> None:
    run("gates", cell, WORDS)
    run("gates", cell, WORDS, "--layer", "0")
    for ax, layer in zip(drawn, (1, 0), strict=True):
        gates = reading(runs, cell).gates(layer)
        (image,) = ax.images
        np.testing.assert_array_equal(image.get_array(), np.hstack([gates[n] for n in names]).T)
        assert [tick.get_text()[-1] for tick in ax.get_yticklabels()] == list(names)
        letters = "".join(tick.get_text() for tick in ax.get_xticklabels())
        assert letters == WORDS.replace(" ", "␣")


def test_a_unit_is_the_one_named_or_the_one_that_varies_most(
    run: Run, runs: Path, drawn: list[Any]
) -> None:
    h = reading(runs, "lstm").hidden()
    liveliest = int(np.argmax(h.std(axis=0)))
    _, out, _ = run("neuron", "lstm", WORDS, "-o", "n.png")
    assert f"unit {liveliest} of layer 1 of this lstm, after 4 steps, which varies most\n" in out
    _, out, _ = run("neuron", "lstm", WORDS, "-o", "n.png", "--unit", "3", "--layer", "0")
    assert "unit 3 of layer 0 of this lstm, after 4 steps\n" in out
    expected = (h[:, liveliest], reading(runs, "lstm").hidden(0)[:, 3])
    for ax, numbers in zip(drawn, expected, strict=True):
        cells = ax.images[0].get_array().filled(np.nan)
        np.testing.assert_array_equal(cells[0, : len(WORDS)], numbers)
    run("neuron", "lstm", WORDS)
    tips = re.findall(r'title="\d+: .*? ([+-]\d\.\d{3})"', Path("neuron.html").read_text("utf-8"))
    assert tips == [f"{x:+.3f}" for x in expected[0]]


def test_the_curve_is_the_one_beside_the_checkpoint(run: Run, runs: Path, drawn: list[Any]) -> None:
    assert run("curve", "gru", "-o", "c.svg")[:2] == (0, "wrote c.svg\n")
    (ax,) = drawn
    losses = [line.split(",")[1] for line in (runs / "gru" / "curve.csv").read_text().split()[1:]]
    assert list(ax.lines[0].get_ydata()) == [float(x) for x in losses]
    assert len(ax.lines) == 3  # with the validation at the end, and the bigram model


# Which text.


def test_the_text_is_the_run_s_own_or_a_file_s_or_the_words_given(run: Run, runs: Path) -> None:
    Path("other.txt").write_text("a farmer said oink " * 9, encoding="utf-8")
    Path("said").write_text("cows said moo", encoding="utf-8")
    for words, says in (
        ((), f"read {runs / 'tale.txt'}, 80 characters from 0 on"),
        (
            ("--start", "100", "--length", "9"),
            f"read {runs / 'tale.txt'}, 9 characters from 100 on",
        ),
        (("other.txt",), "read other.txt, 80 characters from 0 on"),
        (("said",), "read said, 13 characters from 0 on"),
        (("moo moo!",), "read the text given, 8 characters from 0 on"),
    ):
        status, out, _ = run("gates", "lstm", *words)
        assert (status, out.splitlines()[0]) == (0, says)


def test_start_and_length_choose_what_is_read(run: Run, drawn: list[Any]) -> None:
    run("gates", "lstm", WORDS, "--start", "4", "--length", "6")
    assert "".join(tick.get_text() for tick in drawn[0].get_xticklabels()) == WORDS[4:10]


def test_a_run_on_the_package_s_own_source_reads_that(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = ("--hidden", "4", "--batch-size", "2", "--seq-length", "5", "--val-fraction", "0.001")
    assert main(["train", *sizes, "--steps", "1", "--out", "own", "--quiet"]) == 0
    assert main(["plot", "neuron", "own"]) == 0
    assert "read the source code of tinygrad_rnn, 1,000 characters" in capsys.readouterr().out


# What cannot be drawn.


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("flow", "lstm", "-o", "flow.txt"),
            "cannot be written as 'flow.txt'; end the name in one",
        ),
        (("flow", "lstm", "-o", "flow"), "cannot be written as 'flow'"),
        (("flow", "lstm", "-o", "no/flow.png"), "no/flow.png: cannot write the plot: No such file"),
        (("flow", "nowhere"), "no such checkpoint"),
        (("flow", "tale.txt"), "not a checkpoint of tinygrad_rnn"),
        (("flow", "lstm", "missing.txt"), "missing.txt: no such file"),
        (("flow", "lstm", "théâtre et"), "'é'"),
        (
            ("flow", "lstm", "mo"),
            "leaves 2 of the 2 characters of the text given, and flow needs 3",
        ),
        (("gates", "lstm", "--start", "99999"), "--start 99999 leaves 0 of the"),
        (("gates", "rnn"), "the cell 'rnn' has no gates; name a run of an lstm or a gru"),
        (("gates", "lstm", "--layer", "2"), "layer 2 of 2; choose one from 0 to 1"),
        (("neuron", "lstm", "--unit", "6"), "--unit 6: a layer has 6 units, numbered from 0"),
        (("neuron", "lstm", "--unit", "-1"), "'-1' is not a whole number of at least 0"),
        (("ledger", "lstm", "--weight", "W"), "'W' is no weight that is used at every step"),
        (("ledger", "lstm", "--length", "201"), "'201' is not a whole number from 2 to 200"),
        (("jacobian", "lstm", "--measure", "rank"), "is not one of norms, spectral_radius"),
        (("flow", "lstm", "--unit", "1"), "unrecognized arguments: --unit 1"),
        (("curve", "lstm", "a text"), "unrecognized arguments: a text"),
        (("tree", "lstm"), "invalid choice: 'tree'"),
    ],
)
def test_one_line_says_what_is_wrong(run: Run, words: tuple[str, ...], said: str) -> None:
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert said in err
    assert err.startswith("tinygrad-rnn: ") and err.count("\n") == 1
    assert not list(Path().iterdir())


def test_which_plot_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("", "not a curve"),
        ("step\n1\n", "not a curve"),
        ("step,loss\n1,a\n", "not a curve"),
        ("step,loss\n1\n2,3,4\n", "the run has not made a step yet"),
        ("\x00\n", "not a curve"),
        ("step,loss\n", "the run has not made a step yet"),
    ],
)
def test_a_curve_that_is_missing_or_damaged(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str, said: str
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "checkpoint.safetensors").write_bytes(
        (runs / "gru" / "checkpoint.safetensors").read_bytes()
    )
    out = str(tmp_path / "c.png")
    assert main(["plot", "curve", str(copy), "-o", out]) == 2
    assert "curve.csv: no such curve" in capsys.readouterr().err
    (copy / "curve.csv").write_text(damage)
    assert main(["plot", "curve", str(copy), "-o", out]) == 2
    err = capsys.readouterr().err
    assert f"curve.csv: {said}" in err and err.count("\n") == 1


def without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    original = builtins.__import__

    def refused(name: str, *args: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "matplotlib":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return original(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", refused)


@pytest.mark.parametrize("what", PLOTS)
def test_without_matplotlib_one_line_gives_the_pip_line_and_the_page_needs_none(
    run: Run, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    without_matplotlib(monkeypatch)
    status, out, err = run(what, "lstm", "-o", "a.svg")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1 and 'pip install "tinygrad-rnn[plot]"' in err
    assert not list(Path().iterdir())
    if what == "neuron":
        assert run(what)[0] == 0
        assert Path("neuron.html").is_file()


@pytest.mark.parametrize("what", PLOTS)
def test_help_says_what_it_draws_and_where_it_goes(
    what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["plot", what, "--help"])
    out = " ".join(capsys.readouterr().out.split())
    assert PLOTS[what][0] in out and ".png, .svg or .html (default:" in out
