"""Write the PDF files that the demo registers as evidence, from ``dcase_audit/demo/documents``.

Run it from the project's root after a change of the texts: ``python bin/make_demo_files.py``. The files are checked in,
so that the demo needs no Pango and registers the same bytes everywhere.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ROOT / "dcase_audit" / "demo" / "documents"
FILES = ROOT / "dcase_audit" / "demo" / "files"
MARK = "デモ用（架空）／ DEMO, fictitious"
PAGE = """<!DOCTYPE html>
<html lang="ja"><head><meta charset="utf-8"><title>{title}</title>
<meta name="description" content="{mark}"><style>{style}</style></head>
<body><p class="mark">{mark}</p>{body}</body></html>
"""
STYLE = f"""
@page {{ size: A4; margin: 20mm 20mm 18mm;
  @top-right {{ content: "{MARK}"; font-size: 8pt; color: #8a1c14; font-weight: 700 }}
  @bottom-right {{ content: counter(page) " / " counter(pages); font-size: 8pt }} }}
html {{ font: 9.8pt/1.55 "BIZ UDPGothic", "Noto Sans JP"; color: #111 }}
body {{ margin: 0 }}
.mark {{ border: 1.2pt solid #8a1c14; color: #8a1c14; font-weight: 700; text-align: center }}
.mark {{ padding: 1.5mm; margin: 0 0 6mm }}
h1 {{ font-size: 17pt; margin: 0 0 1mm; color: #173f6d }}
.en {{ color: #4a5058; margin: 0 0 4mm; font-family: "Noto Sans JP" }}
h2 {{ font-size: 11pt; margin: 4mm 0 1.2mm; color: #173f6d; break-after: avoid }}
p, ol {{ margin: 0 0 2mm }}
ol {{ padding-left: 6mm }}
table {{ border-collapse: collapse; width: 100%; margin: 0 0 3mm }}
th, td {{ border: .5pt solid #aab4c0; padding: 1mm 2mm; text-align: left; vertical-align: top }}
th {{ background: #eef2f6; font-weight: 700 }}
.change {{ border-left: 2.5pt solid #c77700; background: #fff6e5; padding: 1.5mm 3mm }}
"""


def title_of(body: str) -> str:
    """Return the text of the document's heading."""
    found = re.search(r"<h1>(.*?)</h1>", body)
    if found is None:
        raise ValueError("the document has no heading")
    return found[1]


def write(source: Path) -> Path:
    """Write the PDF of one document and return its path; no date is in it, and the same text gives the same bytes."""
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

    body = source.read_text(encoding="utf-8")
    page = PAGE.format(title=title_of(body), mark=MARK, style=STYLE, body=body)
    target = FILES / f"{source.stem}.pdf"
    weasyprint.HTML(string=page).write_pdf(target, font_config=FontConfiguration(), pdf_variant="pdf/ua-1")
    return target


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from dcase_audit.reports.render.fonts import only_our_fonts

    with only_our_fonts():
        for document in sorted(DOCUMENTS.glob("*.html")):
            written = write(document)
            print(f"{written.relative_to(ROOT)}: {written.stat().st_size} bytes")
