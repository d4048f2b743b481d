"""The checker of imports, on small packages: it passes a sound one and rejects every wrong one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.import_floors import House, Room, violations
from tests.test_floors import HOUSE, ROOMS

Build = Callable[..., list[str]]


@pytest.fixture
def judge(tmp_path: Path) -> Build:
    """Write a package from ``{path: source}`` and return what the checker says of it."""

    def build(files: dict[str, str], house: House = HOUSE) -> list[str]:
        for name, source in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")
        return violations(tmp_path, house)

    return build


SOUND = {
    "__init__.py": '"""The front door."""\nfrom .engine.value import Value\nfrom . import optim\n',
    "engine/__init__.py": '"""Door."""\nfrom .value import Value\n',
    "engine/rule.py": "from __future__ import annotations\nimport numpy as np\n",
    "engine/value.py": (
        "from typing import TYPE_CHECKING\nfrom .rule import Rule\n"
        "if TYPE_CHECKING:\n    from .graph import Node\n"
    ),
    "engine/graph.py": "import itertools\n",
    "ops/linear.py": "from ..engine import value\nfrom ..engine.rule import Rule\n",
    "optim/__init__.py": "from .adam import Adam\n",
    "optim/adam.py": "import numpy as np\n",
    "viz/dot.py": "def draw():\n    import graphviz\n",
    "app/cli.py": "import tqdm\nfrom ..optim import Adam\nfrom ..nn import cells\n",
    "nn/cells.py": "import importlib\n\ndef f():\n    importlib.import_module('matplotlib')\n",
}


def test_a_sound_package_passes(judge: Build) -> None:
    assert judge(SOUND) == []


@pytest.mark.parametrize(
    ("path", "source", "said"),
    [
        # upward, over floors and in a folder, by every way of writing it
        ("engine/rule.py", "from ..ops.linear import dot\n", "1: imports ops.linear: upward"),
        ("engine/rule.py", "from .value import Value\n", "1: imports engine.value: upward"),
        ("engine/rule.py", "from . import value\n", "1: imports engine.value: upward"),
        ("engine/rule.py", "from . import Value\n", "1: imports engine.__init__: upward"),
        ("engine/rule.py", "from .. import Value\n", "1: imports __init__: upward"),
        (
            "engine/rule.py",
            "import os\n\nimport tinygrad_rnn.app.cli\n",
            "3: imports app.cli: upward",
        ),
        (
            "engine/rule.py",
            "from tinygrad_rnn import optim\n",
            "1: imports optim.__init__: engine sees",
        ),
        (
            "engine/rule.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .value import Value\n",
            "3: imports engine.value: upward",
        ),
        ("__init__.py", "from .app import cli\n", "1: imports app.cli: upward"),
        # sideways, and down to a room that is not seen
        ("bptt/flow.py", "from ..viz import dot\n", "1: imports viz.dot: sideways"),
        ("optim/adam.py", "from ..data import text\n", "1: imports data.__init__: sideways"),
        (
            "ops/linear.py",
            "from ..optim.adam import Adam\n",
            "1: imports optim.adam: ops sees only",
        ),
        ("nn/cells.py", "from ..optim import adam\n", "1: imports optim.adam: nn sees only"),
        # late
        (
            "engine/value.py",
            "def f():\n    from .rule import Rule\n",
            "2: imports engine.rule late",
        ),
        ("engine/value.py", "x = 1\nimport numpy\n", "2: imports numpy late"),
        ("engine/value.py", "try:\n    import json\nexcept E:\n    pass\n", "2: imports json late"),
        # foreign
        ("engine/value.py", "import torch\n", "1: imports torch: not among the packages"),
        ("nn/cells.py", "def f():\n    import torch\n", "2: imports torch: not among the packages"),
        ("viz/dot.py", "import graphviz\n", "1: imports graphviz at the top"),
        ("data/text.py", "def f():\n    import tqdm\n", "2: imports tqdm: a street-level room"),
        # hidden
        (
            "engine/rule.py",
            "x = __import__('tinygrad_rnn.app')\n",
            "1: hidden import by __import__",
        ),
        ("engine/rule.py", "importlib.import_module(name)\n", "1: hidden import by import_module"),
        # style, names, lengths
        (
            "viz/text.py",
            "from tinygrad_rnn.engine import rule\n",
            "1: absolute import, where others",
        ),
        ("engine/utils.py", "", "1: the name 'utils' says nothing"),
        ("helpers/shape.py", "", "1: the name 'helpers' says nothing"),
        ("nn/gate_misc.py", "", "1: the name 'gate_misc' says nothing"),
        ("engine/value.py", "x = 1\n" * 261, "1: 261 lines, more than 260"),
        # without a place
        ("engine/tape.py", "", "1: not in the table: add it in the files of 'engine' in tests/"),
        ("attic/box.py", "", "1: not in the table: add it in the files of 'attic' in tests/"),
        ("attic.py", "", "1: not in the table: add it as a room in tests/"),
        (
            "compiler/passes/dead.py",
            "",
            "1: not in the table: add it in the files of 'compiler.passes'",
        ),
    ],
)
def test_a_wrong_file_is_rejected(judge: Build, path: str, source: str, said: str) -> None:
    found = judge(SOUND | {path: source})
    assert any(line.startswith(f"{path}:{said}") for line in found), found


def test_the_sound_file_of_most_lines_passes(judge: Build) -> None:
    assert judge(SOUND | {"engine/value.py": "x = 1\n" * 260}) == []


def test_a_cycle_is_rejected_even_where_the_table_would_allow_it(judge: Build) -> None:
    files = {
        "a/one.py": "from ..b import two\n",
        "b/two.py": "from ..c import three\n",
        "c/three.py": "from ..a import one\n",
        "c/alone.py": "from . import three\n",
    }
    found = judge(files)
    cycles = [line for line in found if "cycle" in line]
    assert cycles == ["a/one.py:1: cycle: a.one → b.two → c.three → a.one"]


@pytest.mark.parametrize(
    ("path", "source", "target"),
    [
        ("program/steps.py", "from ..tracing.traced import Traced\n", "compiler.tracing.traced"),
        ("program/steps.py", "from ..tracing import traced\n", "compiler.tracing.traced"),
        ("program/steps.py", "from .. import tracing\n", "compiler.tracing.__init__"),
        ("program/steps.py", "from ..tracing import Traced\n", "compiler.tracing.__init__"),
        ("program/steps.py", "from .. import Compiled\n", "compiler.__init__"),
        ("tracing/capture.py", "from ..passes.fold import fold\n", "compiler.passes.fold"),
        ("calls/by_id.py", "from ..places.plan import Plan\n", "compiler.places.plan"),
        ("two_cores/lanes.py", "from ..running.replay import f\n", "compiler.running.replay"),
        ("running/replay.py", "from ..compiled import compile\n", "compiler.compiled"),
        ("running/replay.py", "from .. import trace\n", "compiler.trace"),
    ],
)
def test_no_import_climbs_from_one_room_of_the_compiler_to_the_next(
    judge: Build, path: str, source: str, target: str
) -> None:
    rooms = {
        "compiler/__init__.py": "from .compiled import compile\n",
        "compiler/compiled.py": "from .trace import Trace\nfrom .passes import chosen\n",
        "compiler/trace.py": "from .running.replay import Replay\n",
        "compiler/running/replay.py": "from ..places.plan import plan\n",
        "compiler/places/plan.py": "from ..two_cores import lanes\n",
        "compiler/two_cores/lanes.py": "from ..calls.by_id import by_id\n",
        "compiler/calls/by_id.py": "from ..passes.fold import fold\n",
        "compiler/passes/__init__.py": "from .fold import fold\n",
        "compiler/passes/fold.py": "from ..tracing.capture import Tracer\n",
        "compiler/tracing/__init__.py": "",
        "compiler/tracing/capture.py": "from .traced import Traced\n",
        "compiler/tracing/traced.py": "from ..program.steps import Step\n",
        "compiler/program/steps.py": "from ...engine.rule import Rule\n",
    }
    assert judge(SOUND | rooms) == []
    found = judge(SOUND | rooms | {f"compiler/{path}": source})
    said = (
        f"compiler/{path}:1: imports {target}: upward, it stands above in the order of its folder"
    )
    assert said in found, found


def test_nested_folders_keep_the_order_of_both(judge: Build) -> None:
    rooms = ROOMS | {
        "compiler": Room(7, files="program passes run"),
        "compiler.passes": Room(7, files="dead stack"),
    }
    house = House(**(vars(HOUSE) | {"rooms": rooms}))
    files = {
        "compiler/program.py": "",
        "compiler/passes/__init__.py": "from . import dead, stack\n",
        "compiler/passes/dead.py": "from .. import program\n",
        "compiler/passes/stack.py": "from .dead import f\nfrom ..program import g\n",
        "compiler/run.py": "from . import passes\nfrom .passes.stack import f\n",
    }
    assert judge(files, house) == []
    found = judge(
        files | {"compiler/passes/dead.py": "from .stack import f\nfrom .. import run\n"}, house
    )
    assert [line.partition(" cycle")[0] for line in found] == [
        "compiler/passes/dead.py:1:",
        "compiler/passes/dead.py:1: imports compiler.passes.stack: upward, "
        "it stands above in the order of its folder",
        "compiler/passes/dead.py:2: imports compiler.run: upward, "
        "it stands above in the order of its folder",
    ]
