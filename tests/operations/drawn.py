"""The charts of a page of the record, read as a browser reads them."""

import re
from xml.etree import ElementTree as ET


def charts_of(page: str) -> list[ET.Element]:
    """Return every chart of a page, each held to be good XML."""
    return [ET.fromstring(found) for found in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]
