# make run: try Earshot out, or run it for real once tokens are in .env.  make test: everything that CI checks.
PYTHON ?= python3
VENV := .venv/bin/python

.PHONY: run test check bench locales clean

run: .venv/run.stamp
	@exec $(VENV) -m bot run

test: .venv/dev.stamp chromium check
	$(VENV) -m pytest -n 2 --cov --cov-report=term:skip-covered

check: .venv/dev.stamp
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .
	$(VENV) -m mypy
	$(VENV) -c "from importlinter.cli import lint_imports_command as check; check()"

bench: .venv/dev.stamp
	$(VENV) -m benchmarks

# The browser test drives Debian's Chromium; where it cannot be installed that one test says so.
chromium:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq chromium fonts-noto-color-emoji; } || true

# Stamps carry the lock's content, not the folder's name: the environment still works after the folder is moved.
.venv/run.stamp: requirements.lock
	@test -x $(VENV) || $(PYTHON) -m venv .venv
	$(VENV) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/dev.stamp: requirements-dev.lock
	@test -x $(VENV) || $(PYTHON) -m venv .venv
	$(VENV) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ .venv/run.stamp

clean:
	rm -rf .venv
