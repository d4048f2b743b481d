"""Command lines as nobody should write them: real options, absurd values, any order."""

from __future__ import annotations

import random

from tinygrad_rnn.app.config import OPTIONS
from tinygrad_rnn.app.option import flag

# Nothing here makes a command run for long: what it accepts is small.
WRONG = (
    *("0", "-1", "nan", "inf", "-inf", "1e400", "", " ", "x", "é", "\udcff", "\0", "0x10", "1e3"),
    *(
        "9" * 50,
        "9" * 5000,
        "-" + "9" * 50,
        "1.5",
        "--",
        "-",
        "None",
        "true",
        "$(true)",
        "a" * 5000,
    ),
    *(
        "1;2",
        "1,2",
        "2,1",
        "1,2,3",
        ",",
        "\uff10",
        "½",
        "\n",
        "\x1b[31m",
        "-0",
        "+1",
        "1_0",
        "1e-400",
    ),
)
HUGE = ("999999999999", "10000000000", "4000000000")
RIGHT = ("1", "2", "3")
ENDLESS = {"--steps", "--length"}  # where huge is right, and would never end
PATHS = (
    *("tale.txt", "empty.txt", "binary", "new", "new/checkpoint.safetensors", "new/curve.csv", "."),
    *("nowhere", "nowhere/x", "/dev/null", "/dev/zero", "/dev/full", "/", "", "\0", "\udcff", " "),
    *("a" * 300, "tale.txt/x", "~", "*", "-", "new/../new"),
)
# Nothing outside the folder may be written, so that targets are inside, or cannot be.
TARGETS = (
    *("new", "tale.txt", "fresh", "a/b/c", "tale.txt/x", "", "\0", "x" * 300, "empty.txt", "é"),
    *("/dev/null", "/dev/null/x", "/proc/nowhere/x", "new/checkpoint.safetensors"),
)
PICTURES = (
    "g.dot",
    "g.svg",
    "g.html",
    "g",
    "nowhere/g.dot",
    "g.png/x.dot",
    "",
    ".",
    "new",
    "x.exe",
)
SMALL = ("--hidden", "6", "--batch-size", "3", "--seq-length", "7", "--steps", "2", "--quiet")

OF_TRAIN = [flag(name) for name in OPTIONS]
OF_SAMPLE = ["--prime", "--length", "--temperature", "--top-k", "--seed"]
OF_DRAW = ["--cell", "--steps", "--hidden", "--layers", "--depth", "--seed"]
OF_PLOT = ["--start", "--length", "--layer", "--unit", "--weight", "--measure"]
FLAGS = ["--quiet", "--json", "--bidirectional", "--rolled", "--help", "--colour", "-x", "--"]


def option_line(chance: random.Random) -> list[str]:
    """Draw the words of a command line."""
    kind = chance.choices(
        ["train", "resume", "sample", "draw", "plot", "other"], [8, 4, 4, 3, 1, 1]
    )
    words = {
        "train": train,
        "resume": resume,
        "sample": sample,
        "draw": draw,
        "plot": plot,
        "other": other,
    }[kind[0]](chance)
    if chance.random() < 0.1:
        words.insert(chance.randrange(len(words) + 1), chance.choice(FLAGS))
    return words


def values(chance: random.Random, names: list[str], most: int = 4) -> list[str]:
    """Draw some options, mostly with absurd values."""
    words: list[str] = []
    for _ in range(chance.randrange(most)):
        name = chance.choice(names)
        pool = chance.choice([WRONG, WRONG, RIGHT, () if name in ENDLESS else HUGE]) or WRONG
        if name in ("--cell", "--optimizer", "--dtype") and chance.random() < 0.5:
            pool = ("rnn", "lstm", "gru", "sgd", "adam", "float64", "LSTM")
        words += [name, chance.choice(pool)]
    return words


def train(chance: random.Random) -> list[str]:
    words = ["train", chance.choice(("tale.txt",) * 30 + PATHS), *SMALL, *values(chance, OF_TRAIN)]
    return [*words, *(["--out", chance.choice(TARGETS)] if chance.random() < 0.5 else [])]


def resume(chance: random.Random) -> list[str]:
    words = ["train", "--resume", chance.choice(("new",) * 20 + PATHS), "--steps", "6", "--quiet"]
    words += values(chance, OF_TRAIN, 3)
    return [*words, *(["--out", chance.choice(TARGETS)] if chance.random() < 0.3 else [])]


def sample(chance: random.Random) -> list[str]:
    words = ["sample", chance.choice(("new",) * 20 + PATHS), "--length", "3"]
    return [*words, *values(chance, OF_SAMPLE)]


def draw(chance: random.Random) -> list[str]:
    words = ["draw", "-o", chance.choice(("g.dot",) * 10 + PICTURES), *values(chance, OF_DRAW)]
    return [w for w in words if not w.endswith((".svg", ".html"))]  # a layout takes its time


def plot(chance: random.Random) -> list[str]:
    what = chance.choice(["flow", "ledger", "jacobian", "gates", "neuron", "curve", "x"])
    words = ["plot", what, chance.choice(("new",) * 5 + PATHS), "-o", chance.choice(PICTURES)]
    return [*words, *values(chance, OF_PLOT, 3)]


def other(chance: random.Random) -> list[str]:
    first = chance.choice(["", "learn", "--version", "-h", "check", "\0", "\udcff", "train train"])
    seed = ["--seed", chance.choice(WRONG)] if first == "check" else []
    return [first, *seed, *(["--cell", chance.choice(WRONG)] if first == "check" else [])]
