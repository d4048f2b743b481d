"""Pages of the site that are made from files outside docs/: code, folders, notebooks, Markdown.

Used by `make_site`. A path here is written from the root of the repository, with slashes; a page is
what MkDocs knows it by, a path from docs/.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tinygrad_rnn"

LANGUAGES = {".py": "python", ".js": "javascript", ".css": "css", ".html": "html"}
NO_SOURCE = {".pyc", ".ipynb_checkpoints"}
LINK = re.compile(r"(?<=\]\()(?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?(?=\))")
FENCE = re.compile(r"^(?P<fence>```+|~~~+).*?^(?P=fence)\s*?$", re.MULTILINE | re.DOTALL)


def destination(path: str) -> str:
    """Return the page that a path is on: itself if it is in docs/, else the one made of it."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return f"source/{path}/index.md" if (ROOT / path).is_dir() else f"source/{path}.md"


def resolved(target: str, path: str) -> str:
    """Return the path that a link in the file `path` means."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def links(markdown: str, path: str) -> list[str]:
    """List the paths that a Markdown text in the file `path` links to."""
    return [
        resolved(match["target"], path)
        for match in LINK.finditer(FENCE.sub("", markdown))
        if not match["target"].startswith("https://")
    ]


def relinked(markdown: str, path: str) -> str:
    """Return a text of the file `path` with links from page to page, not from file to file."""
    here = posixpath.dirname(destination(path)) or "."

    def to_page(match: re.Match[str]) -> str:
        if match["target"].startswith("https://"):
            return match[0]
        page = destination(resolved(match["target"], path))
        return posixpath.relpath(page, here) + (match["anchor"] or "")

    pieces, end = [], 0
    for fence in FENCE.finditer(markdown):  # what looks like a link in a program is none
        pieces += [LINK.sub(to_page, markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*pieces, LINK.sub(to_page, markdown[end:])])


def page_of(path: str) -> tuple[str, list[str]]:
    """Return the page of a file or a folder, and the paths that it leads to."""
    file = ROOT / path
    if file.is_dir():
        children = sources(file)
        return folder_page(path, children), [f"{path}/{child.name}" for child in children]
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".ipynb":
        text = notebook(json.loads(text))
    if file.suffix in (".ipynb", ".md"):
        return hidden_from_search(path) + relinked(text, path), links(text, path)
    return code_page(path, text), []


def sources(folder: Path) -> list[Path]:
    """List what people wrote in a folder, folders first."""
    found = [child for child in folder.iterdir() if any(map(is_source, [child, *child.rglob("*")]))]
    return sorted(found, key=lambda child: (child.is_file(), child.name))


def is_source(file: Path) -> bool:
    """Say whether people wrote a file."""
    return file.is_file() and "__pycache__" not in file.parts and file.suffix not in NO_SOURCE


def hidden_from_search(path: str) -> str:
    """Return what begins a page that the search passes over."""
    return f"---\nsearch:\n  exclude: true\ntitle: {path}\n---\n\n"


def code_page(path: str, text: str) -> str:
    """Return the page of a source file: its text, with line numbers."""
    language = LANGUAGES.get(Path(path).suffix, "text")
    folder = posixpath.dirname(path)
    up = f"In the folder [{folder}/](index.md).\n\n" if path.startswith(PACKAGE.name) else ""
    head = hidden_from_search(path) + f"# `{path}`\n\n{up}"
    return f'{head}~~~~~ {{ .{language} linenums="1" }}\n{text}\n~~~~~\n'


def folder_page(path: str, children: list[Path]) -> str:
    """Return the page of a folder: what is in it, each with its first sentence."""
    rows = ["| file | |", "|---|---|"]
    for child in children:
        name = child.name + "/" * child.is_dir()
        page = posixpath.relpath(destination(f"{path}/{child.name}"), f"source/{path}")
        rows.append(f"| [`{name}`]({page}) | {first_line(child)} |")
    return hidden_from_search(path) + f"# `{path}/`\n\n" + "\n".join(rows) + "\n"


def first_line(path: Path) -> str:
    """Return the first line of a module's or a package's docstring, or nothing."""
    file = path / "__init__.py" if path.is_dir() else path
    if file.suffix != ".py" or not file.is_file():
        return ""
    found = re.match(r'"""(.+?)(?:"""|\n)', file.read_text(encoding="utf-8"))
    return found[1].replace("|", "\\|") if found else ""


def notebook(content: dict[str, Any]) -> str:
    """Return a notebook as Markdown: its text, its code, and what each cell has shown."""
    parts: list[str] = []
    for cell in content["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else fenced("python", source))
        parts += [part for output in cell.get("outputs", []) for part in output_parts(output)]
    return "\n\n".join(parts) + "\n"


def output_parts(output: dict[str, Any]) -> Iterator[str]:
    """Yield what a cell has shown: text, or a picture."""
    data = {kind: "".join(text) for kind, text in output.get("data", {}).items()}
    if "image/svg+xml" in data:
        drawing = data["image/svg+xml"][data["image/svg+xml"].index("<svg") :]
        yield f'<div class="drawing">{"".join(drawing.splitlines())}</div>'
    elif "image/png" in data:
        yield f"![](data:image/png;base64,{''.join(data['image/png'].split())})"
    elif text := "".join(output.get("text", [])) or data.get("text/plain", ""):
        yield fenced("text", text)


def fenced(language: str, text: str) -> str:
    """Return text in a fence."""
    return f"~~~~~ {language}\n{text.rstrip()}\n~~~~~"
