"""What ``tinygrad-rnn diagnose`` takes, and what it asks of a function. Imports the files above."""

from __future__ import annotations

import argparse

from .config import OPTIONS
from .one_line_parser import add_option, add_quiet
from .option import Option

CONVENTION = """\
The function is called as FUNCTION(weights, inputs, targets) and returns a dict of gradients.

  weights   a dict from name to float64 array, under PyTorch's names:
              embedding.weight (V, H); rnn.weight_ih_l0 (G·H, H), rnn.weight_hh_l0 (G·H, H),
              rnn.bias_ih_l0 and rnn.bias_hh_l0 (G·H,); head.weight (V, H), head.bias (V,);
              h_0 (B, H), and for an LSTM c_0 (B, H): the state before the first step.
              G is the number of gates: 1 for an RNN, 4 for an LSTM in the order i f g o, 3 for a
              GRU in the order r z n, whose n is tanh(W_in x + b_in + r (W_hn h + b_hn)).
  inputs    integers (T, B): the ids of the words that are read, sequence b in column b.
  targets   integers (T, B): the word that should come next, at each place.
  returns   from each name to an array of its weight's shape, the gradient of the loss. Those of
              h_0 and c_0 may be left out.

The model: x = embedding.weight[inputs], one recurrent layer with tanh, logits = h head.weightᵀ +
head.bias, and the cross-entropy of softmax(logits) with the targets: its mean over all T·B places,
or with --loss sum its sum. The function gets copies, and is called more than once.

exit status: 0 if every gradient is right, 1 if one is wrong, 2 if the function cannot be run or
returns what cannot be compared.
"""

LOSS = Option(
    "over the steps and sequences", "one of mean, sum", str, ("mean", "sum").__contains__,
    ("mean", "sum"),
)  # fmt: skip
STEPS = Option("time steps, T", "a whole number from 1 to 64", int, lambda n: bool(1 <= n <= 64))
BATCH = Option("sequences, B", "a whole number from 1 to 64", int, lambda n: bool(1 <= n <= 64))


def add_diagnose(command: argparse.ArgumentParser) -> None:
    """Declare the function, and the problem that it is run on."""
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.epilog = CONVENTION
    command.add_argument(
        "function", metavar="FILE.py:FUNCTION", help="the function, and the file that it is in"
    )
    add_option(command, "cell", OPTIONS["cell"], "lstm")
    add_option(command, "loss", LOSS, "mean")
    add_option(command, "steps", STEPS, 5)
    add_option(command, "batch_size", BATCH, 3)
    add_option(command, "seed", OPTIONS["seed"], 0)
    add_quiet(command)
