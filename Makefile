# Two commands do everything: `make run` and `make test`.
# `make demo-cluster` shows two instances over Redis. `make help` lists the rest.

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
DEPGUARD    := github.com/OpenPeeDeeP/depguard/v2/cmd/depguard@v2.2.1

# SQLite is C that was translated to Go, with locks of its own. As the C would be, it
# is compiled without the race detector's watch, of which it took most of the time;
# its driver and all else are watched.
UNWATCHED := -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc/...=-race=false

# Runs the targets of one line side by side: most of these checks keep one core busy. What
# a target prints stays together where this make can see to it.
SIDE_BY_SIDE = $(MAKE) -j2 --no-print-directory $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

# What the fast loops of a developer leave out; see docs/operations.md.
GOTESTFLAGS ?= -race $(UNWATCHED) -shuffle=on -timeout=30m

export GOFLAGS := -buildvcs=false $(GOFLAGS)

.PHONY: help
help: ## List the targets
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

.PHONY: run
run: bin/parley ## Build everything and run it on :8080 with demo data; nothing else is needed
	@mkdir -p tmp
	bin/parley serve --demo --database sqlite://tmp/demo.db

.PHONY: demo-cluster
demo-cluster: bin/parley ## Two instances on one SQLite file with a Redis between them
	@.ci/setup redis
	@.ci/demo-cluster

.PHONY: test
test: ## Install what the tests need, then run all of them
	.ci/setup redis postgres chromium
	$(SIDE_BY_SIDE) lint lint-frontend
	$(SIDE_BY_SIDE) typecheck size test-units
	.ci/in-memory $(MAKE) test-go GOTESTFLAGS="$(GOTESTFLAGS) -vet=off" # lint has vetted all
	.ci/in-memory $(MAKE) test-e2e

.PHONY: test-go
test-go: frontend/dist/index.html
	go test $(GOTESTFLAGS) ./...

.PHONY: test-frontend
test-frontend: lint-frontend typecheck test-units size ## All that is checked of the app without a server

.PHONY: lint-frontend
lint-frontend: frontend/node_modules/.package-lock.json
	cd frontend && npm run lint

.PHONY: typecheck
typecheck: frontend/node_modules/.package-lock.json
	cd frontend && npm run typecheck

.PHONY: test-units
test-units: frontend/node_modules/.package-lock.json
	cd frontend && npm test

.PHONY: size
size: frontend/dist/index.html
	cd frontend && npm run size

.PHONY: test-e2e
test-e2e: bin/parley
	cd frontend && npm run e2e

# The flags of the build of the binary, so that both find what the other has compiled.
.PHONY: lint
lint: export GOFLAGS += -trimpath
lint: frontend/dist/.gitkeep ## Formatting, vet, staticcheck and the import rules
	@test -z "$$(gofmt -l cmd hub rooms store api digest frontend/*.go)" || { gofmt -l cmd hub rooms store api digest frontend/*.go; echo "run gofmt"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	go run $(DEPGUARD) ./...

.PHONY: fuzz
fuzz: ## Fuzz the parsers of what comes from outside, a minute each
	go test ./hub/redisbus -run '^$$' -fuzz '^FuzzParseMessage$$' -fuzztime 1m
	go test ./hub/redisbus -run '^$$' -fuzz '^FuzzParseShared$$' -fuzztime 1m
	go test ./rooms -run '^$$' -fuzz '^FuzzParsePatch$$' -fuzztime 1m
	go test ./rooms/strictjson -run '^$$' -fuzz '^FuzzAgreesWithEncodingJSON$$' -fuzztime 1m
	go test ./api -run '^$$' -fuzz '^FuzzFrame$$' -fuzztime 1m
	go test ./api -run '^$$' -fuzz '^FuzzTerms$$' -fuzztime 1m

.PHONY: bench
bench: ## The Go benchmarks; for the load generator see docs/performance.md
	go test -run '^$$' -bench . -benchmem ./rooms ./hub ./hub/redisbus ./store ./api

.PHONY: build
build: bin/parley ## Build the app and the binary

# Go decides by itself what is to be compiled again.
.PHONY: bin/parley
bin/parley: frontend/dist/index.html
	go build -trimpath -o bin/parley ./cmd/parley

FRONTEND_SOURCES := $(shell find frontend/src frontend/public frontend/index.html frontend/vite.config.ts frontend/scripts/pwa.mjs -type f 2>/dev/null)

frontend/dist/index.html: frontend/node_modules/.package-lock.json $(FRONTEND_SOURCES)
	cd frontend && npm run build
	@touch frontend/dist/.gitkeep frontend/dist/index.html

frontend/node_modules/.package-lock.json: frontend/package.json frontend/package-lock.json
	cd frontend && npm ci --no-audit --no-fund
	@touch $@

.PHONY: clean
clean: ## Remove what was built, and the demo's data
	rm -rf bin tmp frontend/dist/assets frontend/dist/index.html frontend/node_modules
