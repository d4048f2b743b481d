"""What MkDocs cannot know of docs/: the navigation, the files outside it, the API reference.

A hook of mkdocs.yml. The pages in docs/ are written to be read on GitHub, too, where a link such as
``../tinygrad_rnn/engine/value.py`` leads to a file. On the site it leads to a page with that file,
made by `source_pages`. The navigation is the index, docs/README.md: its headings and the links of
its tables. The API reference has a page for each room of the package, with the names of the room's
``__all__``, so that nothing can be forgotten in it.
"""

from __future__ import annotations

import importlib
import re
import sys
from inspect import ismodule
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from source_pages import PACKAGE, ROOT, destination, links, page_of, relinked, resolved

HEADING = re.compile(r"^## (?P<title>.+)$")
ENTRY = re.compile(r"^\| \[(?P<title>[^\]]+)\]\((?P<page>[^)\s]+)\)")
PICTURE = re.compile(r'<img [^>]*src="(?P<source>pictures/[^"]+)"[^>]*>')

ORDER = "ops nn optim check bptt viz compiler extend data manual app"
ROOMS = ORDER.split()
API = {"api/index.md": "tinygrad_rnn"}
API |= {f"api/{room}.md": f"tinygrad_rnn.{room}" for room in ROOMS}


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
            pages.append({entry["title"]: destination(resolved(entry["page"], "docs/README.md"))})
    sections["API"] = [{module: path} for path, module in API.items()]
    return [{"Home": "README.md"}, *({title: pages} for title, pages in sections.items() if pages)]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each file of the package, for all else that a page links to, and the API."""
    waiting = [PACKAGE.name]
    for file in files.documentation_pages():
        waiting += links(file.content_string, f"docs/{file.src_uri}")
    made: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path not in made and not path.startswith("docs/"):
            made.add(path)
            text, further = page_of(path)
            waiting += further
            files.append(File.generated(config, destination(path), content=text))
    for path, module in API.items():
        files.append(File.generated(config, path, content=api_page(module)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead the links to files outside docs/ to the pages made of them."""
    if page.file.generated_by:
        return markdown
    return relinked(markdown, f"docs/{page.file.src_uri}")


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let each picture lead to itself: a large graph is read at its own size, as on GitHub."""
    return PICTURE.sub(r'<a href="\g<source>">\g<0></a>', html)


def api_page(module: str) -> str:
    """Return the page of a room's public names; the objects are described by mkdocstrings."""
    room = importlib.import_module(module)
    names = list(room.__all__)
    if module == PACKAGE.name:  # its rooms and the ops have pages of their own
        others = {*room.ops.__all__, *ROOMS}
        names = [name for name in names if name not in others]
    names.sort(key=lambda name: place(getattr(room, name)))
    return f"# {module}\n\n" + "\n\n".join(f"::: {path_of(module, name)}" for name in names) + "\n"


def place(public: Any) -> int:
    """Say where on a page something belongs: what one calls first, errors and warnings last."""
    return 2 if isinstance(public, type) and issubclass(public, Exception) else not callable(public)


def path_of(module: str, name: str) -> str:
    """Return where a public name is found: a function may be named like the file that it is in."""
    path = f"{module}.{name}"
    has_file = (ROOT / f"{path.replace('.', '/')}.py").is_file()
    meant = getattr(importlib.import_module(module), name)
    return f"{path}.{name}" if has_file and not ismodule(meant) else path
