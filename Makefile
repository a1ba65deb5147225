# make run     set up, build, train recipes/legal.yaml
# make test    set up, lint, test
# make build   the program ./slm
# make setup   oneDNN, the weights of the black-box LLM, and the encoder
# make lint    gofmt, go vet, unchecked errors, unused code and staticcheck: scripts/lint
# make torture the long forms: kills, flipped bytes, fuzzing (ten hours)
# make bench   training and inference beside PyTorch and llama.cpp, then the benchmarks of all packages
# make bench-bo  the optimiser beside BoTorch, an hour and more; ARGS="-o json"; scripts/bench lists all benchmarks

SHELL := bash
CACHE := $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/slm

# Tools that tests need; scripts/setup-test puts them into the cache.
PYTHON_PACKAGES := pyarrow==26.0.1 numpy==2.4.6 openai==3.57.0
PYTHON := $(CACHE)/venv-test/bin/python

FLAGS := -trimpath -buildvcs=false -ldflags "-s -w -buildid="

# No C compiler is needed: the same sources give the same program everywhere.
export CGO_ENABLED := 0

.PHONY: run test build setup setup-test lint bench torture bench-bo
.NOTPARALLEL:

run: setup build
	./slm train recipes/legal.yaml

build:
	go build $(FLAGS) -o slm ./cmd/slm

setup:
	@scripts/setup

setup-test:
	@PYTHON_PACKAGES="$(PYTHON_PACKAGES)" scripts/setup-test

# lint has vetted the tests already.
test: setup setup-test lint
	SLM_PYTHON="$(PYTHON)" go test -vet=off -timeout 14m ./...
	cd model/kernel/genasm && go test ./...
	cd scripts/lint && go test ./...

lint:
	@scripts/lint/run ./...

bench:
	scripts/bench train
	scripts/bench infer
	scripts/bench corpus --limit 600
	go test -run '^$$' -bench . ./...

bench-bo:
	@scripts/bench bo $(ARGS)

torture:
	scripts/torture -n 200 -signal KILL
	scripts/torture -n 50 -signal TERM,INT
	SLM_TEST_ALL=1 go test ./pipeline/audit -run DamagedByte -v -timeout 24h
	scripts/bench corpus --mb 128 --kills 5 --limit 600
	scripts/fuzz 10m
	SLM_TEST_ALL=1 go test ./serve -run GoClient -timeout 1h
