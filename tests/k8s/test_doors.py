"""From outside to the gateway, and the names that the parts call each other."""

from __future__ import annotations

from tests.k8s.manifests import name, of, settings

from gateway.settings import Settings

ANNOTATION = "nginx.ingress.kubernetes.io/"
TARGETS = {
    "svc-text": "TROUPE_TEXT_TARGET",
    "svc-tts": "TROUPE_SPEECH_TARGET",
    "svc-video": "TROUPE_VIDEO_TARGET",
}


def test_routes_lead_to_ports_there_are(rows):
    for row, manifests in rows.items():
        ports = {(name(each), port["port"]) for each in of(manifests, "Service") for port in each["spec"]["ports"]}
        for route in of(manifests, "HTTPRoute", "GRPCRoute"):
            wanted = {(ref["name"], ref["port"]) for rule in route["spec"]["rules"] for ref in rule["backendRefs"]}
            assert wanted <= ports, row


def test_an_ingress_leads_to_a_port_there_is(rows):
    for row, manifests in rows.items():
        names = {(name(each), port["name"]) for each in of(manifests, "Service") for port in each["spec"]["ports"]}
        for ingress in of(manifests, "Ingress"):
            backends = (
                path["backend"]["service"] for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]
            )
            assert {(each["name"], each["port"]["name"]) for each in backends} <= names, row


def test_no_door_cuts_a_film(rows):
    """A film may take as long as the gateway lets it: a proxy that gives up earlier, or collects it, spoils it."""
    longest_s, upload_bytes = Settings().video_timeout_s, Settings().max_upload_bytes
    for row, manifests in rows.items():
        for route in of(manifests, "HTTPRoute"):
            timeouts = {value for rule in route["spec"]["rules"] for value in rule["timeouts"].values()}
            assert timeouts == {"0s"}, row
        for ingress in of(manifests, "Ingress"):
            told = {key.removeprefix(ANNOTATION): value for key, value in ingress["metadata"]["annotations"].items()}
            assert told["proxy-buffering"] == told["proxy-request-buffering"] == "off", row
            assert min(int(told[f"proxy-{each}-timeout"]) for each in ("read", "send")) >= longest_s, row
            assert int(told["proxy-body-size"].removesuffix("m")) * 2**20 > upload_bytes, row


def test_certificates_say_the_names_that_the_parts_are_called(rows):
    """The name of a target is what the gateway wants to read; localhost is what a probe inside calls."""
    for row, manifests in rows.items():
        names = {name(each): set(each["spec"].get("dnsNames", ())) for each in of(manifests, "Certificate")}
        for part, target in TARGETS.items() if names else ():
            assert {settings(manifests)[target].partition(":")[0], "localhost"} <= names[f"troupe-tls-{part}"], row
