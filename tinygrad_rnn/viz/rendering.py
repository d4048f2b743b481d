"""Rendering: a ``graphviz.Digraph`` that can be rendered without a ``dot`` on the machine.

Imports the standard library and `engine.errors`; graphviz when the first drawing is made. The
machine's own ``dot`` is used if there is one, else the command ``graphviz-pure``, which pip can
install.
"""

from __future__ import annotations

import functools
import html
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..engine.errors import explain

TEXTS = ("dot", "gv", "html")
ENDINGS = ("svg", "png", "jpg", "jpeg", "pdf", *TEXTS)


@functools.cache
def drawing_class() -> Any:
    """Make the class of drawings.

    Raises
    ------
    ModuleNotFoundError
        If the Python package graphviz is not installed.
    """
    try:
        import graphviz
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            explain(
                "drawing needs the Python package graphviz, which is not installed",
                why="it writes the drawing's text",
                fix='pip install graphviz, or pip install "tinygrad-rnn[render]" for all that'
                " drawing needs; viz.tree(value) needs neither",
            ),
            name="graphviz",
        ) from error

    class Drawing(graphviz.Digraph):
        """A graph in Graphviz' language, rendered by whichever layout program there is."""

        def pipe(
            self,
            format: str | None = None,
            renderer: str | None = None,
            formatter: str | None = None,
            neato_no_op: bool | int | None = None,
            quiet: bool = False,
            *,
            engine: str | None = None,
            encoding: str | None = None,
        ) -> Any:
            """Render; return bytes, or with `encoding` a string. See ``graphviz.Digraph.pipe``."""
            if shutil.which("dot"):
                return super().pipe(
                    format,
                    renderer=renderer,
                    formatter=formatter,
                    neato_no_op=neato_no_op,
                    quiet=quiet,
                    engine=engine,
                    encoding=encoding,
                )
            kind = ":".join(filter(None, (format or self.format, renderer, formatter)))
            rendered = lay_out(self.source, kind, engine or self.engine)
            return rendered if encoding is None else rendered.decode(encoding)

        def render(
            self,
            filename: Any = None,
            directory: Any = None,
            view: bool = False,
            cleanup: bool = False,
            format: str | None = None,
            renderer: str | None = None,
            formatter: str | None = None,
            neato_no_op: bool | int | None = None,
            quiet: bool = False,
            quiet_view: bool = False,
            *,
            outfile: Any = None,
            engine: str | None = None,
            raise_if_result_exists: bool = False,
            overwrite_source: bool = False,
        ) -> str:
            """Save the DOT text and render it into a file beside it; return that file's name.

            See ``graphviz.Digraph.render``.
            """
            if shutil.which("dot"):
                return super().render(
                    filename,
                    directory=directory,
                    view=view,
                    cleanup=cleanup,
                    format=format,
                    renderer=renderer,
                    formatter=formatter,
                    neato_no_op=neato_no_op,
                    quiet=quiet,
                    quiet_view=quiet_view,
                    outfile=outfile,
                    engine=engine,
                    raise_if_result_exists=raise_if_result_exists,
                    overwrite_source=overwrite_source,
                )
            if outfile is not None:
                outfile = Path(directory or self.directory or "", outfile)
                format = format or outfile.suffix[1:]
                filename, directory = filename or outfile.with_suffix(".gv"), None
            content = self.pipe(format, renderer, formatter, neato_no_op, quiet, engine=engine)
            source = self.save(filename, directory=directory)
            parts = filter(None, (source, formatter, renderer, format or self.format))
            rendered = str(outfile or ".".join(parts))
            if raise_if_result_exists and os.path.exists(rendered):
                raise graphviz.FileExistsError(f"output file exists: {rendered!r}")
            Path(rendered).write_bytes(content)
            if cleanup:
                os.remove(source)
            if view or quiet_view:
                graphviz.view(rendered, quiet=quiet_view)
            return rendered

        def write(self, path: str | os.PathLike[str]) -> Path:
            """Write the drawing into a file.

            Parameters
            ----------
            path : path
                Its ending says what is written: ``.svg``, ``.png``, ``.jpg``; ``.dot`` or ``.gv``
                for the text, which needs no layout program; ``.html`` for a page with the SVG in
                it; ``.pdf`` where the machine has Graphviz.

            Returns
            -------
            pathlib.Path

            Raises
            ------
            ValueError
                If the ending is none of these.
            OSError
                If the file cannot be written.
            RuntimeError
                If there is no layout program.
            """
            path = Path(path)
            content = self.content(ending_of(path))
            try:
                path.write_bytes(content)
            except OSError as error:
                what = f"cannot write the drawing: {error.strerror}"
                raise OSError(error.errno, what, str(path)) from error
            return path

        def content(self, ending: str) -> bytes:
            """Return what a file with such an ending holds."""
            if ending in ("dot", "gv"):
                return self.source.encode()
            if ending == "html":
                return page(self.pipe("svg", quiet=True, encoding="utf-8")).encode()
            content: bytes = self.pipe(ending, quiet=True)
            return content

        def _repr_mimebundle_(
            self, include: Any = None, exclude: Any = None, **options: Any
        ) -> dict[str, Any]:
            """Show itself in a notebook; without a layout program, say what is missing."""
            try:
                bundle: dict[str, Any] = super()._repr_mimebundle_(include, exclude, **options)
            except NoLayoutProgram as error:
                return {"text/plain": str(error)}
            return bundle

        def __repr__(self) -> str:
            return f"<Drawing {self.name!r}: .write(path), .source>"

    return Drawing


class NoLayoutProgram(RuntimeError):
    """There is neither Graphviz nor graphviz-pure on this machine."""


def ending_of(path: Path, endings: Sequence[str] = ENDINGS, what: str = "a drawing") -> str:
    """Return what a file's name says that it shall hold."""
    ending = path.suffix[1:].lower()
    if ending not in endings:
        raise ValueError(
            explain(
                f"{what} cannot be written as {path.name!r}",
                why="what is written is known by the ending of the file's name",
                fix=f"end the name in one of {', '.join('.' + known for known in endings)}",
            )
        )
    return ending


def pure_program() -> str:
    """Find the command ``graphviz-pure``: beside this Python, or wherever commands are."""
    places = (os.path.dirname(sys.executable), sysconfig.get_path("scripts"), None)
    found = (shutil.which("graphviz-pure", path=place) for place in places)
    program = next(filter(None, found), None)
    if program is None:
        raise NoLayoutProgram(
            explain(
                "there is no program on this machine that lays a drawing out",
                why="neither the command dot nor graphviz-pure is there",
                fix='pip install "tinygrad-rnn[render]", or install Graphviz; the drawing as'
                " text, .source, and viz.tree(value) need neither",
            )
        )
    return program


def lay_out(source: str, kind: str, engine: str) -> bytes:
    """Run ``graphviz-pure`` on a text."""
    command = [pure_program(), f"-K{engine}", f"-T{kind}"]
    run = subprocess.run(command, input=source.encode(), capture_output=True, check=False)
    if run.returncode == 0:
        return run.stdout
    said = run.stderr.decode(errors="replace").strip()
    if "not recognized" in said:
        raise ValueError(
            explain(
                f"graphviz-pure does not write {kind!r}",
                why=said,
                fix="choose svg or png; for others install Graphviz, whose dot is then used",
            )
        )
    raise RuntimeError(explain("graphviz-pure could not lay the drawing out", why=said))


def page(svg: str, title: str = "graph") -> str:
    """Put an SVG picture into a page of its own that loads nothing."""
    picture = svg[svg.index("<svg") :]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{html.escape(title)}</title>\n"
        "<style>body { margin: 0; background: #ffffff } svg { display: block; margin: auto }"
        f"</style>\n</head>\n<body>\n{picture}</body>\n</html>\n"
    )
