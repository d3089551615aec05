"""Whoever goes through every table knows them all, whatever else a process has imported."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlmodel import SQLModel

import store.every_table  # noqa: F401 (fills the metadata)

ROOT = Path(__file__).resolve().parents[2]
GO_THROUGH_ALL = (
    "store.vault",
    "store.rotation",
    "store.backup",
    "store.erasure",
    "store.former",
    "bot.backups",
    "bot.copies.adults",
    "bot.copies.gathering",
    "bot.commands.keys",
    "bot.commands.backup",
    "bot.commands.person",
    "bot.commands.retention",
)


def test_every_module_of_tables_is_among_them():
    modules = {file.stem for file in (ROOT / "store").glob("*tables.py")} - {"whisper_tables"}
    words = (ROOT / "store" / "every_table.py").read_text()
    assert [module for module in sorted(modules) if f"import store.{module}" not in words] == []


@pytest.mark.parametrize("module", GO_THROUGH_ALL)
def test_whoever_goes_through_all_tables_knows_them_all(module: str):
    told = f"import {module}; from sqlmodel import SQLModel; print(*sorted(SQLModel.metadata.tables))"
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.split() == sorted(SQLModel.metadata.tables)
