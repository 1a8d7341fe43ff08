# `make run` and `make test` install what is missing first. bin/install does nothing and uses no network when nothing is.
PY := .venv/bin/python

.PHONY: run test test-long bench lint lint-style lint-format lint-types lint-imports lock doctor install
.DEFAULT_GOAL := run

install:
	@bin/install

run: install
	@exec $(PY) -m dcase_audit.embedded run

# A file stays with one worker, which has a database server of its own; the slow ones, of few tests, do not come last.
test: install
	@$(PY) -m dcase_audit.embedded doctor --tests
	@$(PY) -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS) --cov

test-long: install
	@$(PY) -m pytest -m long --timeout 3600 $(ARGS)

bench: install
	@$(PY) -m bench $(BENCH)

doctor: install
	@$(PY) -m dcase_audit.embedded doctor --tests

# `make --keep-going lint` shows all that is wrong at once.
lint: lint-style lint-format lint-types lint-imports
lint-style: install
	$(PY) -m ruff check .
lint-format: install
	$(PY) -m ruff format --check .
lint-types: install
	$(PY) -m mypy
lint-imports: install
	.venv/bin/lint-imports --no-cache

# Hashes and no addresses: the locks work behind any mirror, for uv and for pip.
lock: install
	bin/lock requirements
