"""The house stands on its floors: no import climbs, none is hidden, and every file has its place.

The first table is the house. A new module goes into the `files` of its room, at the height where
it belongs: it may import the files before it, and the rooms that its room sees.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_rnn
from tests.import_floors import House, Room, violations

STREET = "manual data optim"

ROOMS = {
    # Street level: none of ours. A witness shares no kitchen with the accused.
    "manual": Room(
        0,
        files="nonlinear layout arguments sequence cross_entropy rnn lstm gru"
        " model_arguments language_model",
    ),
    "data": Room(0, files="vocabulary text batches bigram"),
    "optim": Room(
        0,
        files="options parameters optimizer sgd adagrad rmsprop adam schedule decay sequential"
        " clip",
    ),
    # Floors 1 to 5, the order of the files.
    "engine": Room(
        1,
        files="errors places messages rule doors recording stepping memory graph copying backward"
        " sweeping findings finiteness unchanged watching leaf_history methods operators intake"
        " value primitive pullback derivatives jacobians",
    ),
    "ops": Room(
        6,
        sees="engine",
        files="comparison arithmetic nonlinear shaping reduction indexing parts affine turned"
        " linear contraction softmax losses dropout expansions descriptions",
    ),
    "ops.descriptions": Room(
        6,
        files="compose arithmetic comparison contraction indexing linear nonlinear reduction"
        " shaping softmax",
    ),
    "check": Room(
        6.5,
        sees="ops engine",
        files="differences arguments numeric patterns mismatch gradients sources mutations mutants"
        " agreement tables compare witnesses op_application op_report op_variants op_conduct"
        " op_derivatives op_contract op_kinks op_storage op_check time_steps doctor diagnose",
    ),
    "check.doctor": Room(
        6.5,
        files="curves problem sweep mistake changes anatomy gates wording carry_weight_mistakes"
        " carry_mistakes slope_mistakes step_mistakes order_mistakes gru_mistakes ends operands"
        " terms finishing clipping bank twins forward_mistakes candidates explanation pairs search"
        " experiments report",
    ),
    "nn": Room(
        7,
        sees="ops engine",
        files="foreign naming state module init arguments layers steps recurrent cells unrolling"
        " sequence carrying language_model",
    ),
    # Rooms within a room, one above the other: no import climbs from one to the next, either.
    "compiler": Room(
        7,
        sees="ops engine",
        files="program tracing passes calls two_cores places running trace compiled",
    ),
    "compiler.program": Room(7, files="refusals one_hot shapes views steps own_ops program"),
    "compiler.tracing": Room(
        7,
        files="arguments namespaces surroundings data_reads collector in_place plain_rules traced"
        " results capture",
    ),
    "compiler.passes": Room(
        7,
        files="clock expand simpler arithmetic arrangement simplify kinds flatten gather sources"
        " entries look_up fold batch gates widen pack schedule",
    ),
    "compiler.calls": Room(7, files="costs row_sums by_id writing"),
    "compiler.two_cores": Room(7, files="cores second_core division lanes crossings duet"),
    "compiler.places": Room(
        7, files="regions joins placement dependences arena memory lending plan"
    ),
    "compiler.running": Room(7, files="execution stepwise replay second_derivative"),
    "bptt": Room(
        8,
        sees="nn check compiler ops engine",
        files="paths arguments account ledger carried jacobian flow truncation rtrl",
    ),
    "viz": Room(
        8,
        sees="nn check compiler ops engine",
        files="scopes record subject snapshot numbers escaping picture roles rolled labels"
        " rendering programs dot text formula sheets playback levels placement routing rectangles"
        " layout wording storyboard stepper axes coloured_text reading_plots plots",
    ),
    "extend": Room(8, sees="nn check compiler ops engine"),
    # The front door, which `import tinygrad_rnn` opens, does not know the application.
    "__init__": Room(8.5, sees=f"extend bptt viz nn check compiler ops engine {STREET}"),
    # The only room that knows everybody.
    "app": Room(
        9,
        sees=f"__init__ extend bptt viz nn check compiler ops engine {STREET}",
        files="interruption blas_threads atomic_write run_lock option config memory refusal source"
        " one_line_parser plot_arguments diagnose_arguments arguments container checkpoint curve"
        " curve_picture divergence saved_state progress run_folder sampling trained window_loss"
        " window_computing training gradient_table layer_witnesses course train_command drawing"
        " reading plotting hand_written small_problem diagnosing cli",
    ),
    "__main__": Room(10, sees="app"),
}

HOUSE = House(
    package="tinygrad_rnn",
    rooms=ROOMS,
    everywhere=frozenset({"numpy"}),
    # What is not everywhere: packages, and modules of Python's own that some systems lack.
    optional=frozenset({"graphviz", "safetensors", "tqdm", "matplotlib"})
    | {"fcntl", "msvcrt", "resource"},
    optional_at_top=frozenset({"app"}),
    most_lines=260,
    table="tests/test_floors.py",
)


def test_every_import_of_the_package_points_down() -> None:
    package = Path(tinygrad_rnn.__file__).parent
    assert (package / "engine" / "value.py").is_file(), "the walk looks at the wrong folder"
    found = violations(package, HOUSE)
    assert not found, "\n" + "\n".join(found)


def test_every_room_sees_only_rooms_below_it() -> None:
    climbing = [
        f"{name} sees {other}"
        for name, room in ROOMS.items()
        for other in room.sees.split()
        if ROOMS[other].floor >= room.floor
    ]
    assert climbing == []


def unmentioned(folder: str, text: str) -> list[str]:
    """Return the files and rooms of a folder that a docstring does not name."""
    return [name for name in ROOMS[folder].files.split() if f"`{name}`" not in text]


@pytest.mark.parametrize("folder", [name for name in ROOMS if name.split(".")[0] == "compiler"])
def test_each_room_of_the_compiler_says_in_which_order_to_read_all_of_it(folder: str) -> None:
    said = importlib.import_module(f"tinygrad_rnn.{folder}").__doc__ or ""
    assert unmentioned(folder, said) == [], "name them in the docstring of the room's __init__.py"
    lacking = said.replace(f"`{ROOMS[folder].files.split()[0]}`", "")
    assert unmentioned(folder, lacking) == [ROOMS[folder].files.split()[0]]


def test_import_loads_no_third_party_package_but_numpy() -> None:
    program = (
        "import sys, numpy.random; before = set(sys.modules)\n"
        "import tinygrad_rnn\n"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(run.stdout.split()) - sys.stdlib_module_names
    assert loaded - {"numpy"} == {"tinygrad_rnn"}
