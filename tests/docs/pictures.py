"""What a picture shows, apart from where a program has put it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter


def contents(svg: str) -> tuple[Counter[str], Counter[str | None]]:
    """Count the words of a picture, and its nodes, arrows and boxes."""
    elements = list(ET.fromstring(svg).iter())
    words = Counter((x.text or "").strip(" \xa0") for x in elements if x.tag.endswith("}text"))
    return words, Counter(x.get("class") for x in elements if x.get("class"))
