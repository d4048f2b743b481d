"""Reads a package's imports without running it and says which of them climb.

`violations(root, house)` is all that `test_floors` needs; the tables that describe the house are
there. Nothing here is particular to this package.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

TOO_VAGUE = {"utils", "util", "misc", "helpers", "helper", "common"}


@dataclass(frozen=True)
class Room:
    """A folder (or a file beside the folders) of the package.

    `sees` names the rooms that it may import from; `files` its modules, and folders, from the
    bottom to the top: each may import only from those before it.
    """

    floor: float
    sees: str = ""
    files: str = ""


@dataclass(frozen=True)
class House:
    """The rooms by name ("compiler.passes" for a folder in a folder), and what holds for all."""

    package: str
    rooms: Mapping[str, Room]
    everywhere: frozenset[str]  # third-party packages that every module may import
    optional: frozenset[str]  # imported inside the function that uses them
    optional_at_top: frozenset[str]  # rooms that may import the optional ones at the top, too
    most_lines: int
    table: str  # where a reader finds these tables


@dataclass(frozen=True)
class Module:
    """One source file; `name` is its path in dots, ``engine.__init__`` for a folder's door."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True)
class Import:
    """One import statement's arrow to one target: ours (a module's name) or a foreign package."""

    line: int
    ours: str | None
    foreign: str | None
    late: bool
    relative: bool


def read_modules(root: Path) -> dict[str, Module]:
    """Parse every ``.py`` file under `root`."""
    modules = {}
    for path in sorted(root.rglob("*.py")):
        name = ".".join(path.relative_to(root).with_suffix("").parts)
        modules[name] = Module(name, path, ast.parse(path.read_text(encoding="utf-8"), str(path)))
    return modules


def _statements(tree: ast.Module) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Each import statement, and whether it stands anywhere else than at the top of its file."""
    at_top = set()
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            at_top.update(node.body)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            at_top.add(node)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            break  # the first statement that is neither import nor docstring ends the top
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node, node not in at_top


def read_imports(module: Module, package: str, modules: Mapping[str, Module]) -> list[Import]:
    """Resolve every import of a module to the file, or the foreign package, that it reaches."""

    def ours(dotted: str) -> str:
        inside = dotted.removeprefix(package).lstrip(".")
        door = f"{inside}.__init__" if inside else "__init__"
        return inside if inside in modules else door

    found = []
    for node, late in _statements(module.tree):
        level = getattr(node, "level", 0)
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        else:
            here = [package, *module.name.split(".")]
            base = ".".join(
                [*here[: len(here) - level if level else 0], *filter(None, [node.module])]
            )
            members = [f"{base}.{alias.name}" for alias in node.names]
            # `from .engine import value` reaches value.py; `from .engine import Value` the door.
            targets = [member if ours(member) in modules else base for member in members]
        for target in dict.fromkeys(targets):
            mine = target == package or target.startswith(package + ".")
            found.append(
                Import(
                    line=node.lineno,
                    ours=ours(target) if mine else None,
                    foreign=None if mine else target.partition(".")[0],
                    late=late,
                    relative=level > 0,
                )
            )
    return found


def _height(name: str, house: House) -> tuple[int, ...] | None:
    """Place of a module within its room, bottom first; a folder's door is above its files."""
    parts, height = name.split("."), []
    for depth in range(1, len(parts)):
        folder = house.rooms.get(".".join(parts[:depth]))
        files = folder.files.split() if folder else []
        if parts[depth] == "__init__":
            height.append(len(files))
        elif parts[depth] in files:
            height.append(files.index(parts[depth]))
        else:
            return None
    return tuple(height)


def _unlisted(module: Module, house: House) -> Iterator[str]:
    if module.room not in house.rooms or _height(module.name, house) is None:
        folder = module.name.rpartition(".")[0]
        spot = f"in the files of {folder!r}" if folder else "as a room"
        yield f"not in the table: add it {spot} in {house.table}, at the height where it belongs"


def _arrows(module: Module, arrow: Import, house: House) -> Iterator[str]:
    """Judge an import of one of our own modules by the floors and by the order in a folder."""
    target = arrow.ours
    if target is None:
        return
    here, there = house.rooms.get(module.room), house.rooms.get(target.partition(".")[0])
    if here is None or there is None:
        return  # said by _unlisted
    if here is there:
        low, high = _height(target, house), _height(module.name, house)
        if low is not None and high is not None and low >= high:
            yield f"imports {target}: upward, it stands above in the order of its folder"
    elif there.floor > here.floor:
        yield f"imports {target}: upward, from floor {here.floor:g} to {there.floor:g}"
    elif there.floor == here.floor:
        yield f"imports {target}: sideways, both are on floor {here.floor:g}"
    elif target.partition(".")[0] not in here.sees.split():
        yield f"imports {target}: {module.room} sees only {here.sees or 'itself'}"


def _foreign(module: Module, arrow: Import, house: House) -> Iterator[str]:
    """Judge an import of somebody else's package."""
    name = arrow.foreign
    if name is None or name in house.everywhere or name in sys.stdlib_module_names:
        return
    room = house.rooms.get(module.room)
    if name not in house.optional:
        yield f"imports {name}: not among the packages that {house.package} may use"
    elif room is not None and room.floor == 0:
        yield f"imports {name}: a street-level room has {', '.join(sorted(house.everywhere))} only"
    elif not arrow.late and module.room not in house.optional_at_top:
        yield f"imports {name} at the top: an optional package is imported where it is used"


def _hidden(module: Module, house: House) -> Iterator[tuple[int, str]]:
    """Find imports that no import statement shows."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func).rpartition(".")[2]
        first = node.args[0] if node.args else None
        name = first.value if isinstance(first, ast.Constant) else None
        shown = isinstance(name, str) and name.partition(".")[0] in house.optional
        if called in ("import_module", "__import__") and not shown:
            yield node.lineno, f"hidden import by {called}: write an import statement"


def _cycles(graph: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """Each group of modules that reach one another, as one closed path through it."""
    reach = {name: {name} for name in graph}
    changed = True
    while changed:
        changed = False
        for name, targets in graph.items():
            wider = reach[name].union(*(reach[target] for target in targets))
            changed |= wider != reach[name]
            reach[name] = wider
    told: set[str] = set()
    for name in graph:
        if name in told or not any(name in reach[target] for target in graph[name]):
            continue
        path = [name]
        while path[-1] not in path[:-1]:
            path.append(min(t for t in graph[path[-1]] if name in reach[t]))
        told |= {other for other in graph if other in reach[name] and name in reach[other]}
        yield path[path.index(path[-1]) :]


def _as_a_whole(modules: Mapping[str, Module], house: House) -> Iterator[tuple[Path, str]]:
    """Judge names and lengths of files."""
    for module in modules.values():
        for part in module.name.split("."):
            if part.rpartition("_")[2] in TOO_VAGUE:
                yield module.path, f"the name {part!r} says nothing: name the subject"
        lines = len(module.path.read_text(encoding="utf-8").splitlines())
        if lines > house.most_lines:
            yield module.path, f"{lines} lines, more than {house.most_lines}: split by subject"


def violations(root: Path, house: House) -> list[str]:
    """Return what is wrong with the imports of the package in folder `root`, a line each."""
    modules = read_modules(root)
    found: list[tuple[Path, int, str]] = []
    graph: dict[str, set[str]] = {name: set() for name in modules}
    styles: dict[bool, list[tuple[Path, int]]] = {False: [], True: []}
    for module in modules.values():
        found += [(module.path, 1, text) for text in _unlisted(module, house)]
        found += [(module.path, line, text) for line, text in _hidden(module, house)]
        for arrow in read_imports(module, house.package, modules):
            at = (module.path, arrow.line)
            found += [(*at, text) for text in _arrows(module, arrow, house)]
            found += [(*at, text) for text in _foreign(module, arrow, house)]
            if arrow.late and arrow.foreign not in house.optional:
                what = arrow.ours or arrow.foreign
                found.append((*at, f"imports {what} late: imports stand at the top of the file"))
            if arrow.ours is not None:
                styles[arrow.relative].append(at)
                graph[module.name] |= {arrow.ours} & modules.keys()
    found += [(path, 1, text) for path, text in _as_a_whole(modules, house)]
    found += [
        (modules[cycle[0]].path, 1, f"cycle: {' → '.join(cycle)}") for cycle in _cycles(graph)
    ]
    if styles[True] and styles[False]:
        rarer = len(styles[True]) < len(styles[False])
        text = f"{'relative' if rarer else 'absolute'} import, where others are not: keep to one"
        found += [(path, line, text) for path, line in styles[rarer]]
    return [f"{path.relative_to(root)}:{line}: {text}" for path, line, text in sorted(found)]
