"""`make doctor TARGET=...` with programs called docker and kubectl that write down what they were asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = """#!{python}
import pathlib, sys
words = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(" ".join(words) + "\\n")
{says}
"""
DOCKER = """
if words[:2] == ["compose", "ps"]:
    print(RUNNING)
else:
    print("doctor of", words[3])
    sys.exit(1 if words[3] == BROKEN else 0)
"""
KUBECTL = """
if "get" in words:
    asked = pathlib.Path(__file__).with_name("asked")
    asked.write_text((asked.read_text() if asked.exists() else "") + ".")
    if len(asked.read_text()) > 1:  # the first question comes too early
        print("FailureTarget Failed" if BROKEN in words[4] else "SuccessCriteriaMet Complete", end="")
elif "logs" in words:
    print("log of", words[3])
elif "exec" in words:
    print("the gateway's table")
"""


class Machine:
    """A PATH with that program in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "words"

    def program(self, name: str, says: str, **constants: str) -> None:
        head = "".join(f"{constant} = {value!r}\n" for constant, value in constants.items())
        path = self.folder / name
        path.write_text(PROGRAM.format(python=sys.executable, log=str(self.log), says=head + says))
        path.chmod(0o755)

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        env = os.environ | {"PATH": f"{self.folder}:{os.environ['PATH']}", "POLL_S": "0.05"} | environ
        command = [ROOT / "tools/doctor.sh", *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)

    @property
    def words(self) -> list[str]:
        return self.log.read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


ALL = "gateway\nsvc-text\nxtts\nsvc-video"


def test_in_compose_each_service_that_runs_examines_itself(machine: Machine) -> None:
    machine.program("docker", DOCKER, RUNNING=ALL, BROKEN="")
    done = machine.run("compose", "--json")
    assert done.returncode == 0, done.stderr
    assert machine.words == [
        "compose ps --services --status running",
        "compose exec -T gateway troupe doctor --json",
        "compose exec -T svc-text python -m svc_text doctor --json",
        "compose exec -T xtts python -m svc_tts doctor --json",
        "compose exec -T svc-video python -m svc_video doctor --json",
    ]
    assert "=== xtts\ndoctor of xtts\n" in done.stdout


def test_one_that_fails_or_does_not_run_makes_the_status_and_the_others_go_on(machine: Machine) -> None:
    machine.program("docker", DOCKER, RUNNING=ALL, BROKEN="svc-text")
    broken = machine.run("compose")
    assert (broken.returncode, "doctor of svc-video" in broken.stdout) == (1, True)
    machine.program("docker", DOCKER, RUNNING=ALL.replace("xtts\n", ""), BROKEN="")
    away = machine.run("compose")
    assert away.returncode == 1
    assert "=== xtts\nIt does not run: docker compose up -d --wait xtts\n" in away.stdout


def test_without_docker_it_says_so(machine: Machine) -> None:
    machine.program("docker", "sys.exit(1)")
    done = machine.run("compose")
    assert (done.returncode, "is Docker started?" in done.stdout) == (1, True)


def test_in_kubernetes_jobs_are_made_of_the_moulds_read_and_removed(machine: Machine) -> None:
    machine.program("kubectl", KUBECTL, BROKEN="nobody")
    done = machine.run("k8s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.words[0] == "-n troupe exec deploy/gateway -- troupe doctor"
    for part in ("svc-text", "svc-tts", "svc-video"):
        mine = [words for words in machine.words if f"doctor-{part}" in words]
        name = mine[0].split()[4]
        assert mine[0] == f"-n troupe create job {name} --from=cronjob/doctor-{part}"
        assert mine[-2:] == [f"-n troupe logs job/{name}", f"-n troupe delete job {name} --wait=false"]
    assert "=== svc-tts\nlog of job/doctor-svc-tts" in done.stdout


def test_a_job_that_fails_is_read_all_the_same(machine: Machine) -> None:
    machine.program("kubectl", KUBECTL, BROKEN="doctor-svc-tts")
    done = machine.run("k8s", NAMESPACE="mine")
    assert done.returncode == 1
    assert "log of job/doctor-svc-tts" in done.stdout
    assert all(words.startswith("-n mine ") for words in machine.words)


def test_a_job_that_does_not_end_stays_to_be_looked_at(machine: Machine) -> None:
    machine.program("kubectl", "")
    done = machine.run("k8s", JOB_S="1")
    assert done.returncode == 1
    assert "It did not end within 1 s: kubectl -n troupe describe job doctor-svc-text" in done.stdout
    assert not any("delete" in words for words in machine.words)


def test_any_other_target_is_refused(machine: Machine) -> None:
    done = machine.run("swarm")
    assert (done.returncode, "compose|k8s" in done.stderr) == (2, True)


def test_make_passes_the_target_on(machine: Machine) -> None:
    planned = subprocess.run(
        ["make", "-n", "doctor", "TARGET=k8s"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert "tools/doctor.sh" in planned.stdout


@pytest.mark.parametrize("part", ["svc-text", "svc-tts", "svc-video"])
def test_the_moulds_exist_and_run_the_same_commands(part: str) -> None:
    mould = (ROOT / f"deploy/k8s/components/doctor/{part}.yaml").read_text()
    assert f"name: doctor-{part}" in mould
    assert f"command: [python, -m, {part.replace('-', '_')}, doctor]" in mould
