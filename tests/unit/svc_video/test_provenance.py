from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from svc_video.boxes import whole_box
from svc_video.provenance import SOURCE_TYPE, XMP_UUID, Mark

MARK = Mark(engine="portrait", content_id='"<&42')


def test_the_label_is_json_with_the_fields_of_the_standard() -> None:
    label = json.loads(MARK.aigc)
    assert list(label) == [
        "Label",
        "ContentProducer",
        "ProduceID",
        "ReservedCode1",
        "ContentPropagator",
        "PropagateID",
        "ReservedCode2",
    ]
    assert (label["Label"], label["ContentProducer"], label["ProduceID"]) == ("1", "Troupe/portrait", '"<&42')


def test_the_xmp_packet_is_xml_whatever_the_id() -> None:
    root = ET.fromstring(MARK.xmp)
    description = root.find(".//{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    assert description is not None
    told = {name.partition("}")[2]: value for name, value in description.attrib.items()}
    assert told["DigitalSourceType"] == SOURCE_TYPE
    assert told["CreatorTool"] == "Troupe/portrait"
    assert told["identifier"] == '"<&42'


def test_the_box_carries_the_packet() -> None:
    box = whole_box(MARK.xmp_box())
    assert box is not None
    assert box.kind == b"uuid"
    assert box.body == XMP_UUID.bytes + MARK.xmp.encode()
