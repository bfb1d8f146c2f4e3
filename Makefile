# Everything a developer and CI run. `make` alone lists it.

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LINT    := go tool -modfile=tools/go.mod golangci-lint
FUZZTIME ?= 10s

# The race detector needs a C compiler. CI has one; a laptop may do without.
RACE := $(shell command -v gcc clang >/dev/null 2>&1 && echo -race)
ifeq ($(CI),true)
RACE := -race
endif

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build the static binary bin/keyreeve
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/keyreeve ./cmd/keyreeve

.PHONY: run
run: build ## build and start a server (KEYREEVE_LISTEN, default 127.0.0.1:8080)
	./bin/keyreeve serve

.PHONY: test
test: deps check unit compat lint ## run everything that CI runs

.PHONY: check
check: ## vet, formatting and module files, in seconds
	go vet ./...
	go mod verify
	go mod tidy -diff
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "gofmt these files:"; echo "$$unformatted"; exit 1; fi

.PHONY: unit
unit: ## run the tests of the main module, PostgreSQL's included where it is installed
	go test $(RACE) -timeout 20m ./...
	go -C bench vet ./...
	go -C bench test ./...

.PHONY: compat
compat: build compat/npm/node_modules ## run the official SDKs and a browser against the built server, and the secret scanners
	go -C compat vet ./...
	go -C compat test -count=1 ./...
	go -C compat/browser vet ./...
	go -C compat/browser test -count=1 ./...
	go -C compat/secretscan vet ./...
	go -C compat/secretscan test -count=1 ./...

# npm reaches a registry only when the lock file changed.
compat/npm/node_modules: compat/npm/package-lock.json
	@if command -v npm >/dev/null; then cd compat/npm && npm ci --no-audit --no-fund && touch node_modules; \
	elif [ "$(CI)" = true ]; then echo "npm is required in CI" >&2; exit 1; \
	else echo "no npm here: the tests of its SDK are skipped"; fi

.PHONY: lint
lint: ## run golangci-lint, built from tools/go.mod (minutes the first time)
	$(LINT) run ./...
	cd compat && go tool -modfile=$(CURDIR)/tools/go.mod golangci-lint run ./...
	cd compat/browser && go tool -modfile=$(CURDIR)/tools/go.mod golangci-lint run ./...
	cd compat/secretscan && go tool -modfile=$(CURDIR)/tools/go.mod golangci-lint run ./...

.PHONY: fmt
fmt: ## format the code and sort its imports
	$(LINT) fmt ./...

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (10s)
	scripts/fuzz.sh $(FUZZTIME)

.PHONY: soak
soak: ## run the fault tests at full length (hours)
	KEYREEVE_SOAK=1 go test -timeout 6h -count=1 ./...

.PHONY: bench
bench: build ## measure the figures of docs/benchmarks.md and write them there (minutes; needs PostgreSQL)
	go -C bench run . -update $(CURDIR)/docs/benchmarks.md $(BENCHFLAGS)

.PHONY: pictures
pictures: build compat/npm/node_modules ## take the README's pictures of the console
	go -C compat/browser test -count=1 -run TestEveryPage .
	cp compat/browser/artefacts/overview-light.png docs/images/overview.png
	cp compat/browser/artefacts/project-key-light.png docs/images/key.png
	cp compat/browser/artefacts/project-keys-dark.png docs/images/keys.png

.PHONY: deps
deps: ## install what the tests need, where root has apt
	scripts/deps.sh

.PHONY: clean
clean: ## remove what was built
	rm -rf bin dist compat/npm/node_modules compat/browser/artefacts
