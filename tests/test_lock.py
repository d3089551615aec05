"""The locks: whole and pinned, so that an environment can be made from them alone, whatever was released since."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")


def pinned(lock: str) -> dict[str, str]:
    """Read the names and versions that a lock pins with a hash."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    lines = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)[^\n]*\\\n\s+--hash=sha256:", text, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in lines}


def test_pip_is_told_to_resolve_nothing():
    # Else it looks at newer releases for what a package asks for with an extra, and refuses them for want of a hash.
    installs = [line for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines() if "pip install" in line]

    assert len(installs) == len(LOCKS)
    assert [line for line in installs if "--require-hashes --no-deps" not in line] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_that_a_locked_package_needs_is_locked_too(lock: str):
    locked = pinned(lock)
    lacking = []
    for name in locked:
        for line in _needs(name):
            needed = Requirement(line)
            wanted = needed.marker is None or needed.marker.evaluate({"extra": ""})
            if wanted and not needed.specifier.contains(locked.get(_key(needed), "0"), True):
                lacking.append(f"{name} needs {line}")

    assert len(locked) > 50
    assert lacking == []


def _needs(name: str) -> list[str]:
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        # For another kind of machine.
        return []


def test_everything_the_project_names_is_locked_at_a_version_it_accepts():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    for lock, lines in zip(LOCKS, (project["dependencies"], project["dependencies"] + extras), strict=True):
        locked = pinned(lock)
        lacking = [one for one in map(Requirement, lines) if not one.specifier.contains(locked.get(_key(one), "0"))]

        assert lacking == []


def _key(one: Requirement) -> str:
    return canonicalize_name(one.name)
