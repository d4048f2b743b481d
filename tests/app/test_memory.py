"""What a run needs is estimated above what it takes, and a run that does not fit is not begun."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from tests.app.small import TEXT, small_config
from tinygrad_rnn.app import Training, memory
from tinygrad_rnn.app.memory import (
    BUFFERS,
    TooLarge,
    available_memory,
    check_file,
    group_limits,
    in_bytes,
    needed_memory,
    parameter_count,
)
from tinygrad_rnn.app.saved_state import OPTIMIZERS
from tinygrad_rnn.app.train_command import table_of_first_window


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize(("hidden", "layers"), [(1, 1), (6, 1), (30, 2), (60, 3)])
def test_parameters_are_counted_without_a_model(cell: str, hidden: int, layers: int) -> None:
    training = Training(small_config(cell=cell, hidden=hidden, layers=layers), TEXT)
    counted = parameter_count(training.config, len(training.vocabulary))
    assert counted == sum(p.size for p in training.parameters.values())


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_buffers_of_every_optimizer_are_known(optimizer: str) -> None:
    training = Training(small_config(optimizer=optimizer), TEXT)
    assert len(training.optimizer.buffers()) == BUFFERS[optimizer]


def measured_peak(options: dict[str, Any], text: str, folder: Path) -> int:
    """What a run takes at its worst moment, all moments included, in bytes."""
    Training(small_config(**options), text).advance()  # what is only loaded once is not counted
    tracemalloc.start()
    training = Training(small_config(**options), text)
    if training.config.hidden >= 200:  # else it is far from being the worst moment
        table_of_first_window(training)
    for _ in range(2):
        training.advance()
        training.checkpoint().write(folder / "checkpoint")
    training.validation_loss()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize(
    "options",
    [
        {"hidden": 64, "batch_size": 30, "seq_length": 15, "cell": "rnn"},
        {"hidden": 64, "batch_size": 30, "seq_length": 15, "cell": "lstm", "dropout": 0.3},
        {"hidden": 64, "batch_size": 30, "seq_length": 15, "cell": "gru", "layers": 2},
        {"hidden": 200, "batch_size": 1, "seq_length": 2, "cell": "lstm"},
        {"hidden": 200, "batch_size": 1, "seq_length": 2, "cell": "gru", "optimizer": "sgd"},
        {"hidden": 2, "batch_size": 1, "seq_length": 150, "cell": "lstm"},
        {"hidden": 2, "batch_size": 1, "seq_length": 150, "cell": "gru", "dtype": "float64"},
        {"hidden": 40, "batch_size": 20, "bptt": "20,40", "cell": "rnn"},
    ],
    ids=lambda options: " ".join(map(str, options.values())),
)
@pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
def test_the_estimate_is_above_what_a_run_takes_and_not_far(
    options: dict[str, Any], eager: bool, tmp_path: Path
) -> None:
    text, options = TEXT, options | {"eager": eager}
    peak = measured_peak(options, text, tmp_path)
    needed = needed_memory(small_config(**options), len(set(TEXT)), len(text))
    assert peak <= needed <= 3 * peak


def test_a_long_text_is_counted() -> None:
    text = TEXT * 500  # a megabyte
    tracemalloc.start()
    Training(small_config(), text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= memory.TEXT * len(text) <= 3 * peak


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"hidden": 10**6}, r"a lstm of 4,\d\d\d,\d\d\d,\d\d\d,\d\d\d parameters"),
        ({"layers": 10**9}, "a lstm of 336,0"),
        ({"hidden": 10**12, "layers": 10**12}, r"a lstm of 8e\+36 parameters .* YB of memory"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_with_its_size_before_it_is_made(
    options: dict[str, Any], said: str
) -> None:
    tracemalloc.start()
    with pytest.raises(TooLarge, match=said) as caught:
        Training(small_config(**options), TEXT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "of memory, there are" in str(caught.value)
    assert "fix: take a smaller --hidden" in str(caught.value)
    assert peak < 2e6


def test_the_limit_that_is_refused_at_is_the_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    config = small_config()
    needed = needed_memory(config, len(set(TEXT)), len(TEXT))
    monkeypatch.setattr(memory, "available_memory", lambda: needed)
    Training(config, TEXT)
    monkeypatch.setattr(memory, "available_memory", lambda: needed - 1)
    with pytest.raises(TooLarge):
        Training(config, TEXT)


def test_a_file_that_does_not_fit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(bytes(1000))
    check_file(tmp_path / "small")
    with open(tmp_path / "holes", "wb") as file:
        file.truncate(1 << 43)  # 9 TB, of which none is on the disk
    with pytest.raises(TooLarge, match=r"holes: 8\.8 TB are too much for the .* of memory"):
        check_file(tmp_path / "holes")


def test_there_is_some_memory() -> None:
    assert 10**7 < available_memory() < 1 << 60


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_limits_of_control_groups_are_seen(tmp_path: Path) -> None:
    group = tmp_path / "box" / "inner"
    write(group / "memory.max", "1000000\n")
    write(group / "memory.current", "700000\n")
    write(group / "memory.stat", "anon 1\nactive_file 100\ninactive_file 50000\n")
    assert list(group_limits(tmp_path, "0::/box/inner\n")) == [350_100]
    write(tmp_path / "memory.max", "max\n")
    assert list(group_limits(tmp_path, "0::/box/inner\n")) == [350_100]
    assert list(group_limits(tmp_path, "0::/elsewhere\n")) == []
    write(tmp_path / "memory" / "memory.limit_in_bytes", "5000\n")
    write(tmp_path / "memory" / "memory.usage_in_bytes", "7000\n")
    assert list(group_limits(tmp_path, "3:cpu,cpuacct:/\n4:memory:/\n")) == [0]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no ulimit")
def test_the_limit_of_the_process_is_seen() -> None:
    program = (
        "import resource; from tinygrad_rnn.app.memory import available_memory\n"
        "before = available_memory()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))\n"
        "print(before, available_memory())"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    before, after = map(int, out.split())
    assert after < 3 << 30 and (after < before or before < 3 << 30)


def test_sizes_are_written_for_people() -> None:
    assert [in_bytes(n) for n in (0, 999, 1000, 1500, 99_949, 10**9, 1e24, 1e30)] == [
        *("0.0 B", "999 B", "1.0 kB", "1.5 kB", "100 kB", "1.0 GB", "1 YB", "1e+06 YB"),
    ]
