"""Whatever a manifest names is there: images, ConfigMaps, Secrets, volumes, accounts, pods, ports, deployments."""

from __future__ import annotations

import re

from tests.k8s.manifests import K8S, SETTINGS, name, of, pods

TAG = "0.1.0"
IMAGES = {
    "troupe/gateway",
    "troupe/svc-text",
    "troupe/svc-text-llamacpp",
    "troupe/svc-tts",
    "troupe/svc-tts-xtts",
    "troupe/svc-video",
    "troupe/svc-video-sadtalker",
}
MADE_BY_HAND = {"troupe-api-keys", "troupe-cloud", "troupe-own", "troupe-outside"}
OPTIONAL = {"troupe-cloud", "troupe-own"}


def test_images_are_ours_and_of_this_version(rows):
    for manifests in rows.values():
        for pod in pods(manifests):
            for container in pod.containers:
                image, _, tag = container["image"].partition(":")
                assert image in IMAGES, pod.owner
                assert tag == TAG, pod.owner


def test_a_job_runs_the_image_of_its_service(rows):
    """Components are listed in the right order: jobs first, then what changes images."""
    for row, manifests in rows.items():
        images = {
            pod.spec["serviceAccountName"]: pod.containers[0]["image"] for pod in pods(of(manifests, "Deployment"))
        }
        for pod in pods(of(manifests, "LeaderWorkerSet")):
            images["svc-text"] = pod.containers[0]["image"]
        for pod in pods(of(manifests, "CronJob")):
            assert pod.containers[0]["image"] == images[pod.spec["serviceAccountName"]], (row, pod.owner)


def test_accounts_and_claims_exist(rows):
    for manifests in rows.values():
        accounts = {name(each) for each in of(manifests, "ServiceAccount")}
        claims = {name(each) for each in of(manifests, "PersistentVolumeClaim")}
        used = set()
        for pod in pods(manifests):
            assert pod.spec["serviceAccountName"] in accounts, pod.owner
            wanted = [
                volume["persistentVolumeClaim"] for volume in pod.spec["volumes"] if "persistentVolumeClaim" in volume
            ]
            used |= {claim["claimName"] for claim in wanted}
        assert used == claims


def test_config_maps_and_secrets_exist_or_are_in_the_readme(rows):
    readme = (K8S / "README.md").read_text()
    for row, manifests in rows.items():
        made = {name(each) for each in of(manifests, "ConfigMap")}
        made |= {each["spec"]["secretName"] for each in of(manifests, "Certificate")}
        for pod in pods(manifests):
            for reference, optional in _references(pod):
                by_hand = reference in MADE_BY_HAND or ("mtls" in row and reference.startswith("troupe-tls-"))
                assert reference in made or by_hand, (row, pod.owner, reference)
                assert optional == (reference in OPTIONAL), (row, pod.owner, reference)
                assert reference.startswith(SETTINGS) or re.sub(r"-tls-.*", "-tls-NAME", reference) in readme, reference


def test_every_mount_has_its_volume_and_every_volume_a_mount(rows):
    for manifests in rows.values():
        for pod in pods(manifests):
            volumes = [volume["name"] for volume in pod.spec["volumes"]]
            mounts = [mount["name"] for container in pod.containers for mount in container["volumeMounts"]]
            assert len(volumes) == len(set(volumes)), pod.owner
            assert set(volumes) == set(mounts), pod.owner


def test_only_the_jobs_that_fetch_write_models(rows):
    for manifests in rows.values():
        for pod in pods(manifests):
            for mount in pod.containers[0]["volumeMounts"]:
                if mount["mountPath"] == "/app/models":
                    fetches = pod.labels["app.kubernetes.io/component"] == "fetch-models"
                    assert mount.get("readOnly", False) is not fetches, pod.owner


def test_services_disruption_budgets_and_monitors_select_pods(rows):
    for row, manifests in rows.items():
        running = list(pods(of(manifests, "Deployment", "LeaderWorkerSet")))
        for each in of(manifests, "Service"):
            selector = {key: value for key, value in each["spec"]["selector"].items() if "worker-index" not in key}
            chosen = [pod for pod in running if selector.items() <= pod.labels.items()]
            assert chosen, (row, name(each))
            ports = {port["name"] for pod in chosen for port in pod.containers[0]["ports"]}
            assert {port["targetPort"] for port in each["spec"]["ports"]} <= ports, (row, name(each))
        for each in of(manifests, "PodDisruptionBudget"):
            selector = each["spec"]["selector"]["matchLabels"]
            assert any(selector.items() <= pod.labels.items() for pod in running), (row, name(each))


def test_services_are_headless_but_for_the_door(rows):
    for manifests in rows.values():
        headless = {name(each) for each in of(manifests, "Service") if each["spec"].get("clusterIP") == "None"}
        assert headless == {"gateway", "svc-text", "svc-tts", "svc-video"}
        assert {name(each) for each in of(manifests, "Service")} - headless == {"gateway-http"}


def test_deployments_select_their_own_pods(rows):
    for manifests in rows.values():
        for each in of(manifests, "Deployment"):
            labels = each["spec"]["template"]["metadata"]["labels"]
            assert each["spec"]["selector"]["matchLabels"].items() <= labels.items()
            assert labels["app.kubernetes.io/part-of"] == "troupe"
            (spread,) = each["spec"]["template"]["spec"]["topologySpreadConstraints"]
            assert spread["labelSelector"]["matchLabels"].items() <= labels.items()


def test_who_is_told_of_a_certificate_has_its_own(rows):
    """The parts, and their doctors, who judge it."""
    for row, manifests in rows.items():
        for pod in pods(manifests):
            found = {volume["secret"]["secretName"] for volume in pod.spec["volumes"] if volume["name"] == "tls"}
            mounted = "/etc/troupe/tls" in {mount["mountPath"] for mount in pod.containers[0]["volumeMounts"]}
            fetches = pod.labels["app.kubernetes.io/component"] == "fetch-models"  # calls no part
            wanted = {f"troupe-tls-{pod.spec['serviceAccountName']}"} if "mtls" in row and not fetches else set()
            assert (found, mounted) == (wanted, bool(wanted)), (row, pod.owner)


def test_what_is_scaled_exists_and_says_no_number_itself(rows):
    for row, manifests in rows.items():
        deployments = {name(each): each for each in of(manifests, "Deployment")}
        for each in of(manifests, "ScaledObject", "HorizontalPodAutoscaler"):
            target = each["spec"]["scaleTargetRef"]["name"]
            assert "replicas" not in deployments[target]["spec"], (row, target)


def _references(pod) -> list[tuple[str, bool]]:
    found = []
    for container in pod.containers:
        for source in container.get("envFrom", ()):
            each = source.get("configMapRef") or source["secretRef"]
            found.append((each["name"], each.get("optional", False)))
        for variable in container.get("env", ()):
            if each := variable.get("valueFrom", {}).get("secretKeyRef"):
                found.append((each["name"], each.get("optional", False)))
    found += [(volume["secret"]["secretName"], False) for volume in pod.spec["volumes"] if "secret" in volume]
    return found
