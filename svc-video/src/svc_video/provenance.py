"""How a made video says what it is, from its first bytes on: in the init segment, before any picture.

Two marks, read by different people: the implicit label of GB 45438-2025 (a JSON value under the metadata key "AIGC")
and XMP with IPTC's digital source type. The file names the engine that made it and the id of its content.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from svc_video.boxes import make_box

AIGC_KEY = "AIGC"
XMP_KEY = "XMP"
PRODUCER = "Troupe"
XMP_UUID = uuid.UUID("be7acfcb-97a9-42e8-9c71-999491e3afac")  # XMP specification part 3, section 1.2.7
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
LABEL_SYNTHETIC = "1"  # GB 45438-2025: 1 = generated, 2 = possibly generated, 3 = suspected


@dataclass(frozen=True, slots=True)
class Mark:
    """What the file says of its making."""

    engine: str
    content_id: str

    @property
    def aigc(self) -> str:
        """The implicit label of GB 45438-2025."""
        label = {
            "Label": LABEL_SYNTHETIC,
            "ContentProducer": f"{PRODUCER}/{self.engine}",
            "ProduceID": self.content_id,
            "ReservedCode1": "",
            "ContentPropagator": "",
            "PropagateID": "",
            "ReservedCode2": "",
        }
        return json.dumps(label, ensure_ascii=True, separators=(",", ":"))

    @property
    def xmp(self) -> str:
        """An XMP packet with the digital source type."""
        return (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
            '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            '<rdf:Description rdf:about=""'
            ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
            ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
            ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
            f" Iptc4xmpExt:DigitalSourceType={quoteattr(SOURCE_TYPE)}"
            f" xmp:CreatorTool={quoteattr(f'{PRODUCER}/{self.engine}')}"
            f" dc:identifier={quoteattr(self.content_id)}/>"
            '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
        )

    @property
    def metadata(self) -> dict[str, str]:
        """What the container's own metadata says."""
        return {
            AIGC_KEY: self.aigc,
            "comment": f"Synthetic media made by {PRODUCER}/{self.engine}",
        }

    def xmp_box(self) -> bytes:
        """The XMP packet as the `uuid` box an MP4 carries."""
        return make_box(b"uuid", XMP_UUID.bytes + self.xmp.encode())
