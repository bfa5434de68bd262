# Troupe: every target a person needs. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
PARTS := protos gateway svc-text svc-tts svc-video
SOURCES := protos/troupe/wire protos/troupe/weights gateway/src svc-text/src svc-tts/src svc-video/src
# Words of the user reach the recipes as environment variables: whatever they hold, no shell reads them.
export MODEL SCRIPT PORTRAIT VOICE SPEECH_LANG ENGINE OUT NAME VIDEO TEXT SIZE FACES TARGET
.PHONY: help setup system demo up up-with-fake-cloud doctor key certs model vllm xtts voice sadtalker test test-contract test-e2e test-clients test-browser test-chaos test-engines test-monitoring test-vllm test-k8s test-compose test-arm64 bench-images lint format protos baseline locks env-example dashboard torch clean avatars bench-start bench-portrait bench-avatar bench-lipsync bench-playback bench-failover bench-text bench-vllm bench-speech bench-timing bench-xtts bench-sadtalker bench-connect bench-capacity

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

setup: $(STAMP) ## Set everything up: system packages, .venv, the parts

$(STAMP): requirements.txt tools/setup.sh tools/system-packages.txt $(PARTS:%=%/pyproject.toml)
	@tools/setup.sh "$(PYTHON)" "$(VENV)"
	@touch $@

demo: $(STAMP) ## A script in, out/demo.mp4 out: SCRIPT= PORTRAIT= VOICE= SPEECH_LANG= ENGINE= OUT=
	@$(BIN)/troupe demo $(if $(SCRIPT),--script "$$SCRIPT") $(if $(PORTRAIT),--portrait "$$PORTRAIT") \
	  $(if $(VOICE),--voice "$$VOICE") $(if $(SPEECH_LANG),--lang "$$SPEECH_LANG") \
	  $(if $(ENGINE),--engine "$$ENGINE") $(if $(OUT),--out "$$OUT")

up: $(STAMP) ## Start the mesh and keep it running; Ctrl-C drains it
	@exec $(BIN)/troupe up

up-with-fake-cloud: $(STAMP) ## The same with a fake MiniMax as the last rung: see a fallback happen
	@exec $(BIN)/python tools/up_with_fake_cloud.py

doctor: $(if $(TARGET),,$(STAMP)) ## Say what works, and what mends the rest; inside what runs: TARGET=compose|k8s
	@$(if $(TARGET),tools/doctor.sh "$$TARGET",$(BIN)/troupe doctor)

key: $(STAMP) ## Create an API key: NAME=
	@$(BIN)/troupe key $(if $(NAME),--name "$$NAME")

certs: $(STAMP) ## Certificates for TLS between the parts, 90 days, into var/certs; the same command renews them
	@$(BIN)/python tools/certs.py

model: $(STAMP) ## List the text models that run here, or fetch one: NAME= VERIFY=1
	@$(BIN)/python -m svc_text model $(if $(VERIFY),--verify) $(if $(NAME),-- "$$NAME")

vllm: $(STAMP) ## Install vLLM into var/vllm: the engine vllm runs as `var/vllm/bin/python -m svc_text`
	@tools/vllm.sh $(BIN)/uv

xtts: $(STAMP) ## Fetch XTTS v2, the engine that clones (no commercial use): COQUI_TOS_AGREED=1 VERIFY=1
	@$(BIN)/python -m svc_tts xtts $(if $(VERIFY),--verify)

voice: $(STAMP) ## List Piper's voices, or fetch one: NAME= VERIFY=1
	@$(BIN)/python -m svc_tts voice $(if $(VERIFY),--verify) $(if $(NAME),-- "$$NAME")

sadtalker: $(STAMP) ## Fetch SadTalker, the engine of talking heads by networks (licence disputed): SIZE= FACES= VERIFY=1
	@$(BIN)/python -m svc_video sadtalker $(if $(SIZE),--size "$$SIZE") $(if $(FACES),--faces "$$FACES") $(if $(VERIFY),--verify)

test: $(STAMP) lint ## Run the tests everyone runs, lint included: TESTS=
	@tools/run-tests.sh $(BIN)/python $(TESTS)

test-contract: $(STAMP) ## Real services behind their doors, and what every text engine must mean by a chat: TESTS=
	@tools/run-tests.sh $(BIN)/python $(or $(TESTS),tests/contract tests/behaviours)

test-e2e: $(STAMP) ## The commands and the whole mesh as users meet them: demo, up, doctor, films by HTTP, offline: TESTS=
	@tools/run-tests.sh $(BIN)/python $(or $(TESTS),tests/e2e)

test-chaos: $(STAMP) ## Kill, freeze, drain and overload real processes under load: TESTS= CHAOS_FULL=1
	@tools/run-tests.sh $(BIN)/python $(or $(TESTS),tests/chaos)

test-engines: $(STAMP) torch ## The engines that need PyTorch, on small random models: TESTS=
	@tools/run-tests.sh $(BIN)/python $(or $(TESTS),tests/engines_torch)

test-monitoring: $(STAMP) ## Prometheus on a real mesh: every alert fires and clears, every panel of the dashboard has data: TESTS=
	@tools/prometheus.sh
	@tools/run-tests.sh $(BIN)/python $(or $(TESTS),tests/monitoring)

test-vllm: $(STAMP) vllm ## vLLM itself, its CPU build, on a tiny model made by the tests: TESTS=
	@tools/run-tests.sh var/vllm/bin/python $(or $(TESTS),tests/vllm)

test-compose: $(STAMP) ## docker compose up for real, in an engine of its own: killed, confined, taken down: TESTS=
	@tools/compose-test.sh $(BIN)/python $(TESTS)

test-k8s: $(STAMP) ## Every overlay of deploy/k8s rendered and judged, and cpu run by podman: TESTS=
	@tools/k8s.sh $(BIN)/uv
	@tools/k8s-test.sh $(BIN)/python $(TESTS)

test-clients: $(STAMP) ## MiniMax's own clients (minimax-mcp, mmx) against the fake cloud
	@tools/clients.sh $(BIN)/uv
	@CLIENTS_FOLDER=var/clients tools/run-tests.sh $(BIN)/python tests/clients

test-browser: $(STAMP) ## Chromium plays films while they are made, and drives the Studio: FILM_S= TESTS=
	@tools/browser.sh $(BIN)/uv
	@BROWSER_FOLDER=var/browser tools/run-tests.sh $(BIN)/python $(or $(TESTS),tests/browser)

test-arm64: $(STAMP) ## By hand, as root, 17 minutes: an emulated ARM64 Debian from the locks, on which the mesh makes a film
	@tools/arm64.sh run

lint: $(STAMP) ## ruff, mypy --strict, import-linter, buf
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(SOURCES)
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/buf lint protos
	@$(BIN)/buf breaking protos --against protos/baseline.binpb

format: $(STAMP) ## Format the code
	@$(BIN)/ruff check -q --fix . || true
	@$(BIN)/ruff format -q .

protos: $(STAMP) ## Regenerate the stubs of troupe.v1
	@cd protos && ../$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. --grpc_python_out=. troupe/v1/*.proto

baseline: $(STAMP) ## Take today's protos as the baseline for breaking changes (at a release)
	@$(BIN)/buf build protos -o protos/baseline.binpb

env-example: $(STAMP) ## Write .env.example anew from the settings classes
	@$(BIN)/python tools/env_example.py

dashboard: $(STAMP) ## Write Grafana's dashboard anew from tools/dashboard.py
	@$(BIN)/python tools/dashboard.py

locks: $(STAMP) ## Resolve all dependencies anew: one lock of everything, one per part
	@tools/locks.sh $(BIN)/uv

torch: $(STAMP) ## Add PyTorch 2.13.0 to .venv (for the engines that need it)
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install -q --disable-pip-version-check torch==2.13.0

avatars: $(STAMP) ## Draw the shipped avatars and their page, docs/AVATARS.md
	@$(BIN)/python svc-video/tools/draw_avatars.py

bench-start: $(STAMP) ## How long until the mesh is ready: ROUNDS= QUICK=1
	@$(BIN)/python tests/bench/start.py

bench-portrait: $(STAMP) ## fps, first fragment, memory, live streams and ten minutes of the portrait engine: ROUNDS= QUICK=1
	@$(BIN)/python -m tests.bench.portrait

bench-avatar: $(STAMP) ## First fragment and real-time factor of /api/avatar, for a text and a prompt: ROUNDS= QUICK=1
	@$(BIN)/python -m tests.bench.avatar

bench-playback: $(STAMP) ## Stalls, dropped frames and the first frame of a minute in Chromium: ROUNDS= QUICK=1
	@tools/browser.sh $(BIN)/uv
	@tools/private-network.sh $(BIN)/python -m tests.bench.playback

bench-timing: $(STAMP) ## How well words and phones are found where an engine tells none: ROUNDS=
	@$(BIN)/python -m tests.bench.timing

bench-speech: $(STAMP) ## Every engine that speaks: first audio, a minute of text, words understood, the service's own time: ROUNDS= QUICK=1
	@tools/private-network.sh $(BIN)/python -m tests.bench.voices

bench-text: $(STAMP) ## llamacpp offline, then what the mesh costs (bench-connect; bench-vllm where it is installed): MODEL= ROUNDS= QUICK=1
	@tools/private-network.sh $(BIN)/python -m tests.bench.text

bench-capacity: $(STAMP) ## How thousands of gateways and replicas share load and bear failures, by the routing code alone: QUICK=1
	@$(BIN)/python -m tests.bench.capacity
	@$(if $(QUICK),,$(BIN)/python -m tests.bench.spread_chart)

bench-connect: $(STAMP) ## What a delta costs svc-text and the gateway over Connect and over Chat, and memory: REQUESTS= FULL=1 ROUNDS= QUICK=1
	@tools/private-network.sh $(BIN)/python -m tests.bench.connect

bench-vllm: $(STAMP) vllm ## What the mesh costs over vLLM in-process and over its own server, 32 streams: MODEL=tiny|half_b ROUNDS= QUICK=1
	@tools/private-network.sh var/vllm/bin/python -m tests.bench.vllm

bench-lipsync: $(STAMP) ## Do the lips move with the words, judged from the films: VIDEO= TEXT= ROUNDS= QUICK=1
	@tests/bench/lipsync/install.sh $(BIN)/uv || echo "the second judge of lips cannot be installed here" >&2
	@$(BIN)/python -m tests.bench.lipsync

bench-xtts: $(STAMP) torch ## Our XTTS beside coqui-tts, the same random weights: SECTIONS= DEVICE= FOLDER= ROUNDS= QUICK=1
	@tests/bench/xtts/install.sh $(BIN)/uv || echo "coqui-tts cannot be installed here" >&2
	@$(BIN)/python -m tests.bench.xtts

bench-sadtalker: $(STAMP) torch ## Our SadTalker beside upstream's code: UPSTREAM=path SECTIONS= DEVICE= FOLDER= ROUNDS= FRAMES= QUICK=1
	@tests/bench/sadtalker/install.sh $(BIN)/uv || echo "SadTalker's packages cannot be installed here" >&2
	@$(BIN)/python -m tests.bench.sadtalker

bench-images: $(STAMP) ## Images: MB without the base, and seconds from `docker run` to ready (built where they are not): ROUNDS= QUICK=1
	@tools/images.sh start
	@tools/images.sh bases
	@tools/images.sh build gateway svc-text-llamacpp svc-tts svc-video
	@tools/images.sh run $(BIN)/python tests/bench/images.py; status=$$?; tools/images.sh stop; exit $$status

bench-failover: $(STAMP) ## What callers notice of failures, beside the LiteLLM proxy: ROUNDS= QUICK=1
	@tests/bench/litellm/install.sh $(BIN)/uv || echo "LiteLLM cannot be installed here" >&2
	@tools/private-network.sh $(BIN)/python -m tests.bench.failover

clean: ## Remove what was built and made (voices, portraits, models and keys stay)
	@rm -rf $(VENV) out var .pytest_cache .mypy_cache .ruff_cache .hypothesis
