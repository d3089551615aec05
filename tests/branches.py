"""Counts which branches of the packages the tests go through, and lists at the end what no test did.

`-p tests.branches` loads it, before anything of Earshot is imported. What is counted is put into the code as it is
imported, which costs a tenth of what tracing does; so every test counts, and each test process hands what it saw to
the one that gave it its tests.
"""

import io
import json
import os
from pathlib import Path

import pytest
from slipcover import FileMatcher, ImportManager, Slipcover, merge_coverage, print_coverage

PACKAGES = ["bot", "conversations", "rehearsal", "scheduling", "signals", "store"]
# What counts is never taken out again: to look for it in every module takes longer than it costs where it is.
NEVER = 2**31 - 1

seen = Slipcover(branch=True, d_miss_threshold=NEVER)
together: dict[str, dict[str, object]] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Begin, unless this process only gives out tests."""
    if "PYTEST_XDIST_WORKER" in os.environ or not early_config.known_args_namespace.numprocesses:
        ImportManager(seen, FileMatcher(sources=PACKAGES)).__enter__()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what this process saw, as text: nothing else passes between processes."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["branches"] = json.dumps(seen.get_coverage())


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Add what another process saw; one that broke down has nothing to say."""
    if output := getattr(node, "workeroutput", {}).get("branches"):
        _add(json.loads(output))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the lines and branches that no test went through, and the files that no test process imported.

    Of those some are run by a program of its own, and migrations are loaded by Alembic, past what counts.
    """
    _add(seen.get_coverage())
    table = io.StringIO()
    print_coverage(together, outfile=table, skip_covered=True)
    files = {str(path) for package in PACKAGES for path in Path(package).rglob("*.py")}
    terminalreporter.section("what no test went through")
    terminalreporter.write(table.getvalue())
    terminalreporter.write_line(
        f"Imported by no test process: {', '.join(sorted(files - set(together['files']))) or 'none'}"
    )


def _add(one: dict[str, dict[str, object]]) -> None:
    if together:
        merge_coverage(together, one)
    else:
        together.update(one)
