"""What MkDocs cannot know of docs/: the navigation, the source files, the API reference.

A hook of mkdocs.yml. The pages in docs/ are written to be read on GitHub, too, where a link such as
``../tinygrad_rnn/engine/value.py`` leads to a file. On the site it leads to a page with that file,
made here. The navigation is the index, docs/README.md: its headings and the links of its tables.
The API reference has a page for each room of the package, with the names of the room's ``__all__``,
so that nothing can be forgotten in it.
"""

from __future__ import annotations

import importlib
import posixpath
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tinygrad_rnn"

HEADING = re.compile(r"^## (?P<title>.+)$")
ENTRY = re.compile(r"^\| \[(?P<title>[^\]]+)\]\((?P<page>[\w-]+\.md)\)")
LINK = re.compile(r"(?<=\]\()(?P<target>\.\./[^)\s#]+)(?P<anchor>#[^)\s]*)?(?=\))")
FENCE = re.compile(r"^(?P<fence>```+|~~~+).*?^(?P=fence)\s*?$", re.MULTILINE | re.DOTALL)

ROOMS = ("ops", "nn", "optim", "check", "bptt", "viz", "extend", "data", "manual", "app")
API = {"api/index.md": "tinygrad_rnn"} | {
    f"api/{room}.md": f"tinygrad_rnn.{room}" for room in ROOMS
}

LANGUAGES = {".py": "python", ".md": "markdown", ".js": "javascript", ".toml": "toml"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Read the navigation off the index."""
    sys.path.insert(0, str(ROOT))  # the package of this checkout, whatever is installed
    config.nav = navigation((ROOT / "docs" / "README.md").read_text(encoding="utf-8"))
    return config


def navigation(index: str) -> list[Any]:
    """Return the site's navigation: home, a section for each heading of the index, the API."""
    sections: dict[str, list[dict[str, str]]] = {}
    for line in index.splitlines():
        if heading := HEADING.match(line):
            pages = sections[heading["title"]] = []
        elif entry := ENTRY.match(line):
            pages.append({entry["title"]: entry["page"]})
    sections["API"] = [{module: path} for path, module in API.items()]
    return [{"Home": "README.md"}, *({title: pages} for title, pages in sections.items() if pages)]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each file of the package, for all else that a page links to, and the API."""
    linked = {
        target
        for file in files.documentation_pages()
        for target in links_outside(file.content_string, file.src_uri)
    }
    everything = sorted(PACKAGE.rglob("*"))
    package = {path.relative_to(ROOT).as_posix() for path in everything if is_source(path)}
    folders = {parent for path in package for parent in parents(path)}
    for path in sorted(package | folders | linked):
        text = folder_page(path) if (ROOT / path).is_dir() else file_page(path)
        files.append(File.generated(config, source_page(path), content=text))
    for path, module in API.items():
        files.append(File.generated(config, path, content=api_page(module)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead the links to files outside docs/ to the pages made of them."""
    source = page.file.src_uri
    if page.file.generated_by:
        return markdown
    pieces, end = [], 0
    for fence in FENCE.finditer(markdown):  # what looks like a link in a program is none
        pieces += [relinked(markdown[end : fence.start()], source), fence[0]]
        end = fence.end()
    return "".join([*pieces, relinked(markdown[end:], source)])


def links_outside(markdown: str, source: str) -> set[str]:
    """List the paths outside docs/, from the root, that a page links to."""
    prose = FENCE.sub("", markdown)
    return {path for m in LINK.finditer(prose) if (path := from_root(m["target"], source))}


def relinked(prose: str, source: str) -> str:
    """Return prose whose links lead to files outside docs/ with the pages of those files."""

    def page_of(match: re.Match[str]) -> str:
        path = from_root(match["target"], source)
        if path is None:
            return match[0]
        here = posixpath.dirname(source) or "."
        return posixpath.relpath(source_page(path), here) + (match["anchor"] or "")

    return LINK.sub(page_of, prose)


def from_root(target: str, source: str) -> str | None:
    """Return the path, from the root, that a page in docs/ links to; None if it is in docs/."""
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(source), target))
    return None if path.startswith("docs/") or path.startswith("..") else path


def is_source(path: Path) -> bool:
    """Say whether a file of the package is one that people wrote."""
    return path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"


def parents(path: str) -> list[str]:
    """List the folders that a path goes through."""
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts))]


def source_page(path: str) -> str:
    """Return where the page of a file or a folder is on the site."""
    return f"source/{path}/index.md" if (ROOT / path).is_dir() else f"source/{path}.md"


def trail(path: str) -> str:
    """Return a heading that names a path."""
    return f"---\nsearch:\n  exclude: true\ntitle: {path}\nhide: [toc]\n---\n\n# `{path}`\n\n"


def file_page(path: str) -> str:
    """Return the page of a source file: its text, with line numbers."""
    text = (ROOT / path).read_text(encoding="utf-8")
    language = LANGUAGES.get(Path(path).suffix, "text")
    folder = posixpath.dirname(path)
    up = f"In the folder [{folder}/](index.md).\n\n" if (PACKAGE.name in parents(path)) else ""
    return f'{trail(path)}{up}~~~~~ {{ .{language} linenums="1" }}\n{text}\n~~~~~\n'


def folder_page(path: str) -> str:
    """Return the page of a folder: its files, each with its first sentence."""
    rows = ["| file | |", "|---|---|"]
    for child in sorted((ROOT / path).iterdir(), key=lambda child: (child.is_file(), child.name)):
        if child.is_dir() and any(map(is_source, child.rglob("*"))):
            rows.append(f"| [{child.name}/]({child.name}/index.md) | {first_line(child)} |")
        elif is_source(child):
            rows.append(f"| [{child.name}]({child.name}.md) | {first_line(child)} |")
    return trail(path) + "\n".join(rows) + "\n"


def first_line(path: Path) -> str:
    """Return the first line of a module's or a package's docstring, or nothing."""
    file = path / "__init__.py" if path.is_dir() else path
    if file.suffix != ".py" or not file.is_file():
        return ""
    found = re.match(r'"""(.+?)(?:"""|\n)', file.read_text(encoding="utf-8"))
    return found[1].replace("|", "\\|") if found else ""


def api_page(module: str) -> str:
    """Return the page of a room's public names; the objects are described by mkdocstrings."""
    room = importlib.import_module(module)
    names = list(room.__all__)
    if module == PACKAGE.name:  # its rooms and the ops have pages of their own
        others = {*room.ops.__all__, *ROOMS}
        names = [name for name in names if name not in others]
    return f"# {module}\n\n" + "\n\n".join(f"::: {module}.{name}" for name in names) + "\n"
