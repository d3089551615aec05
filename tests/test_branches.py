"""What counts the branches: a way that no test took is listed, whichever process took the others."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = """\
def size(number):
    if number > 9:
        return "large"
    if number > 5:
        number += 1
    return "small"
"""
TESTS = "from bot import size\n\ndef test_{0}():\n    assert size({0})\n"


@pytest.mark.parametrize("processes", [0, 2])
def test_a_branch_that_no_test_took_is_listed_and_one_that_any_process_took_is_not(tmp_path: Path, processes: int):
    for path, text in {
        "bot/__init__.py": CODE,
        "bot/other.py": "",
        "tests/test_large.py": TESTS.format(10),
        "tests/test_small.py": TESTS.format(7),
        "pytest.ini": "[pytest]\naddopts = --import-mode=importlib\n",
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "tests.branches", "-n", str(processes)]
    said = subprocess.run(  # noqa: S603 (our own command)
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    ).stdout
    counted = next(line for line in said.splitlines() if line.startswith("bot/__init__.py")).split()
    assert counted == ["bot/__init__.py", "6", "0", "4", "1", "75", "90", "4->6"]
    assert "Imported by no test process: bot/other.py\n" in said
