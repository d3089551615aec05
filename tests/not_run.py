"""Tests that need a program this machine may lack: they say loudly that they did not run, and in CI they fail."""

import os
from typing import NoReturn

import pytest


def not_run(what: str, why: str, *, installed_by_us: bool = True) -> NoReturn:
    """Leave a test out, or fail it in CI: there our own files install what it needs, unless that cannot be."""
    words = f"{what.upper()} DID NOT RUN: {why}"
    if os.environ.get("CI") == "true" and installed_by_us:
        pytest.fail(words, pytrace=False)
    pytest.skip(words)
