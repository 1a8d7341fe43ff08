"""What WeasyPrint leaves to do for PDF/A-3a and PDF/UA-1 in one file; both are checked by veraPDF in the tests.

WeasyPrint writes one variant at a time. The file is written as PDF/A-3a, which tags it as well; what PDF/UA-1 asks
beyond that is its identification in the metadata.
Source: ISO 19005-3 6.6.2.3 (extension schemas), 6.8 (associated files); ISO 14289-1 5, 7.18.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

VARIANT = "pdf/a-3a"

UA_IDENTIFICATION = b"""<rdf:Description xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" rdf:about="">
<pdfuaid:part>1</pdfuaid:part></rdf:Description>
<rdf:Description xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"
 rdf:about=""><pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 that the file conforms to</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
"""
END_OF_METADATA = b"</rdf:RDF>"


def identify_as_accessible(metadata: Any) -> None:
    """Make WeasyPrint's ``metadata`` say PDF/UA-1 too, within the one block of metadata that PDF/A allows."""
    original = metadata.generate_rdf_metadata

    def generate(variant: str, version: int, conformance: str) -> bytes:
        block: bytes = original(variant, version, conformance)
        before, end, after = block.rpartition(END_OF_METADATA)
        return before + UA_IDENTIFICATION + end + after

    metadata.generate_rdf_metadata = generate


def finish(pdf: Any, labels: Mapping[str, str]) -> None:
    """Mend the written objects: name each associated file once, and give links words instead of anchor names."""
    if "AF" in pdf.catalog:
        pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])
    for item in pdf.objects:
        if isinstance(item, dict) and item.get("Subtype") == "/Link" and "Dest" in item:
            anchor = item["Dest"].string
            item["Contents"] = type(item["Dest"])(labels.get(anchor, anchor))
