# make run: try Earshot out, or run it for real once tokens are in .env.  make test: everything that CI checks.
PYTHON ?= python3
VENV := .venv/bin/python

# What Python has compiled is kept, whatever the shell says: a start takes half as long.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check bench bench-signals locales chromium speech axe clean

run: .venv/run.stamp
	@exec $(VENV) -m bot run

test: .venv/dev.stamp chromium speech axe check
	$(VENV) -m pytest -n 4 --cov --cov-report=term:skip-covered

check: .venv/dev.stamp
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .
	$(VENV) -m mypy
	$(VENV) -c "from importlinter.cli import lint_imports_command as check; check()"

bench: .venv/dev.stamp
	$(VENV) -m benchmarks

bench-signals: .venv/dev.stamp
	$(VENV) -m benchmarks.signals

# The words: out of the code into the template, from there into every catalogue, and compiled; then what is missing.
BABEL := $(VENV) -m babel.messages.frontend --quiet
locales: .venv/dev.stamp
	$(BABEL) extract --mapping-file locales/babel.cfg --no-default-keywords --keywords say --keywords say_n:1,2 \
		--add-location file --omit-header --width 120 --output-file locales/earshot.pot .
	$(BABEL) update --input-file locales/earshot.pot --output-dir locales --domain earshot \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 120
	$(BABEL) compile --directory locales --domain earshot
	$(VENV) -m bot.catalogues

# The browser test drives Debian's Chromium; where it cannot be installed that one test says so.
chromium:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq chromium fonts-noto-color-emoji; } || true
	@[ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq fonts-dejavu-core; } || true

# Questions are read aloud by these two; where they cannot be installed the test that listens says so.
speech:
	@command -v espeak-ng >/dev/null && command -v opusenc >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq espeak-ng opus-tools; } || true

# axe-core looks over the page for what keeps people out: the version and its hash are in tests/browser/package-lock.json.
AXE := tests/browser/node_modules/axe-core/axe.min.js
axe: $(AXE)
$(AXE): tests/browser/package-lock.json
	@command -v npm >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq npm; } || true
	@npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund --silent && touch $@ || true

# Debian leaves half an environment behind where python3-venv is missing: one without pip is made anew.
ENVIRONMENT = $(VENV) -m pip --version >/dev/null 2>&1 || { \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& $(PYTHON) -m venv --clear .venv >/dev/null 2>&1; } || { rm -rf .venv; \
	echo "Earshot's environment cannot be made: it needs Python 3.11 or newer with venv (on Debian: apt install python3-venv)." >&2; \
	exit 1; }

# Stamps carry the lock's content, not the folder's name: the environment still works after the folder is moved.
# The lock is whole, so pip is told to resolve nothing: asked to, it looks at newer releases and refuses them for want
# of a hash.
.venv/run.stamp: requirements.lock
	@$(ENVIRONMENT)
	$(VENV) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@touch $@

.venv/dev.stamp: requirements-dev.lock
	@$(ENVIRONMENT)
	$(VENV) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@touch $@ .venv/run.stamp

clean:
	rm -rf .venv
