# Baton. Every target works from a fresh clone on Debian 12 with Swift 6.3.
# One build configuration for everything: release (docs/decisions/0003-one-build-configuration.md).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
MAKEFLAGS += --no-print-directory

BATON := .build/release/baton
PACKAGES := libsqlite3-dev zlib1g-dev pkg-config strace tmux curl make
SEEDS ?= 200
FROM ?= 1
OUT := out
SWIFT_SOURCES := Sources Tests Kernel/Sources Kernel/Tests Kernel/Package.swift Package.swift

.PHONY: setup build test test-kernel test-root check check-all sim bench demo docs release lint format clean help

help:  ## what each target does
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

setup:  ## install the Debian packages that are missing (needs root or sudo)
	@command -v swift >/dev/null || { echo "make setup: no swift here; install Swift 6.3 (https://www.swift.org/install/linux)" >&2; exit 1; }
	@missing=""; \
	for package in $(PACKAGES); do \
		dpkg-query -W -f='$${Status}' "$$package" 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	[ -n "$$missing" ] || exit 0; \
	echo "make setup: installing$$missing"; \
	if [ "$$(id -u)" = 0 ]; then root=""; elif command -v sudo >/dev/null; then root="sudo"; else \
		echo "make setup: install these packages as root, then try again:$$missing" >&2; exit 1; fi; \
	$$root apt-get update -qq; \
	$$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null

build: setup  ## build the program: .build/release/baton
	@swift build -c release --product baton

test: setup test-kernel test-root  ## every test but the long sweeps; ends with the runner's summary

test-kernel:
	@echo "== kernel tests"
	@swift test -c release --package-path Kernel --disable-xctest

# Crash tests kill processes on purpose; a backtrace of each would only slow them down.
test-root:
	@echo "== tests"
	@swift build -c release --build-tests
	@SWIFT_BACKTRACE=enable=no swift test -c release --skip-build --disable-xctest

lint: setup  ## format lint and the house lint (tidy)
	@swift build -c release --product tidy
	@failed=0; \
	swift format lint --strict --recursive --parallel $(SWIFT_SOURCES) || failed=1; \
	.build/release/tidy || failed=1; \
	exit $$failed

format:  ## rewrite the sources in the house format
	@swift format --in-place --recursive --parallel $(SWIFT_SOURCES)

check: lint docs-fresh test  ## lint, generated pages, tests: what must pass before a commit

check-all: export BATON_CHECK_ALL = 1
check-all: check sim  ## the same with every crash point, and the simulator's seeds

sim: build  ## simulated switchovers with faults: make sim SEEDS=2000 FROM=1
	@$(BATON) sim --seeds $(SEEDS) --from $(FROM)

bench: build  ## the figures, with the method in the output
	@$(BATON) bench

demo: build  ## the main job on a simulated network of real processes
	@$(BATON) demo

docs: build  ## write the generated pages: docs/reference/cli.md
	@tools/cli-reference $(BATON) > docs/reference/cli.md.new
	@mv docs/reference/cli.md.new docs/reference/cli.md

docs-fresh: build
	@tools/cli-reference $(BATON) | diff -u docs/reference/cli.md - || { echo "make check: docs/reference/cli.md is stale; run make docs" >&2; exit 1; }

release: build  ## out/baton (stripped) and out/SHA256SUMS
	@mkdir -p $(OUT)
	@strip -o $(OUT)/baton $(BATON)
	@cd $(OUT) && sha256sum baton > SHA256SUMS && cat SHA256SUMS

clean:  ## remove what was built
	@rm -rf .build Kernel/.build $(OUT)
