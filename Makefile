# make run: try Earshot out, or run it for real once tokens are in .env.  make test: everything that CI checks.
PYTHON ?= python3
VENV := .venv/bin/python

# What Python has compiled is kept, whatever the shell says: a start takes half as long.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check compiled bench bench-signals locales debian axe clean

run: .venv/run.stamp
	@exec $(VENV) -m bot run

# What comes before the tests is done side by side: each of these keeps one processor busy, or waits for the network.
test:
	@$(MAKE) --no-print-directory --jobs 3 --output-sync=target debian axe check compiled
	$(VENV) -m pytest -p tests.branches -n 4 --dist worksteal

check: .venv/dev.stamp
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .
	$(VENV) -m mypy
	$(VENV) -c "from importlinter.cli import lint_imports_command as check; check()"

# What the tests import, at once or later, is compiled here once, not by each test process for itself; what is wrong
# there the tests will say.
compiled: .venv/dev.stamp
	@$(VENV) -m pytest --collect-only -qq >/dev/null 2>&1 || true
	@$(VENV) -c "import girth, holidays, matplotlib.figure, psycopg, statsmodels.miscmodels.ordinal_model" 2>/dev/null || true

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

AXE := tests/browser/node_modules/axe-core/axe.min.js

# The browser test drives Debian's Chromium, questions are read aloud by espeak-ng and opusenc, and npm brings axe-core:
# where one cannot be installed, the test that needs it says so. One package manager at a time, for it locks.
debian:
	@missing=; \
	command -v chromium >/dev/null || missing="chromium,fonts-noto-color-emoji"; \
	[ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || missing="$$missing fonts-dejavu-core"; \
	command -v espeak-ng >/dev/null && command -v opusenc >/dev/null || missing="$$missing espeak-ng,opus-tools"; \
	command -v npm >/dev/null || [ -e $(AXE) ] || missing="$$missing npm"; \
	[ -z "$$missing" ] || [ "$$(id -u)" != 0 ] || { \
		apt-get update -qq; \
		for each in $$missing; do apt-get install -y -qq $$(echo $$each | tr , ' '); done; \
	} || true

# axe-core looks over the page for what keeps people out: the version and its hash are in tests/browser/package-lock.json.
axe: $(AXE)
$(AXE): tests/browser/package-lock.json | debian
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

# Most of what comes for development is never imported, so nothing is compiled before it is.
.venv/dev.stamp: requirements-dev.lock
	@$(ENVIRONMENT)
	$(VENV) -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@touch $@ .venv/run.stamp

clean:
	rm -rf .venv
