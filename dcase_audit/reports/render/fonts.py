"""The vendored fonts, and a fontconfig that knows no others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

FONTS = Path(__file__).resolve().parent.parent / "fonts"

CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


@contextmanager
def only_our_fonts() -> Iterator[None]:
    """Let fontconfig configurations that are made inside see the vendored fonts alone.

    The same fonts on every machine give the same bytes, and nothing of the machine's own can slip in. A configuration
    keeps what it read, so it stays good outside.
    """
    before = os.environ.get("FONTCONFIG_FILE")
    with TemporaryDirectory(prefix="report-fonts-") as folder:
        configuration = Path(folder) / "fonts.conf"
        configuration.write_text(
            CONFIGURATION.format(fonts=escape(str(FONTS)), cache=escape(str(Path(folder) / "cache"))), encoding="utf-8"
        )
        os.environ["FONTCONFIG_FILE"] = str(configuration)
        try:
            yield
        finally:
            if before is None:
                del os.environ["FONTCONFIG_FILE"]
            else:
                os.environ["FONTCONFIG_FILE"] = before
