"""The documents are true where a machine can tell: links, commands, settings, tables; and they name no machine."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from sqlmodel import SQLModel

import store.care_tables
import store.key_tables
import store.plan_tables
import store.question_tables
import store.school_tables
import store.signal_tables
import store.tables  # noqa: F401 (fills the metadata)
from bot.command_line import COMMANDS
from bot.settings import Settings
from conversations.bank import LATEST, load
from store.sealing import CONTRACTS

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
FOLDERS = "conversations|signals|scheduling|store|bot|rehearsal|locales|tests|docs"
TARGET = re.compile(r"^(?P<target>[a-z]+):", re.MULTILINE)


def commands() -> set[str]:
    return set(COMMANDS)


def anchors(markdown: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@each_document
def test_links_within_the_repository_lead_somewhere(path: Path):
    lost = []
    for link in LINK.finditer(path.read_text("utf-8")):
        file, _, anchor = link["target"].partition("#")
        if file.startswith(("https://", "http://")):
            continue
        target = path.parent / file if file else path
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            lost.append(link["target"])
    assert lost == []


@each_document
def test_document_names_no_machine_and_no_registry(path: Path):
    text = path.read_text("utf-8")
    assert re.findall(r"/(?:work|root|home)/|py(?:pi\.|thonhosted)|registry\.", text) == []


@each_document
def test_commands_named_in_a_document_exist(path: Path):
    text = path.read_text("utf-8")
    assert set(re.findall(r"\./earshot ([a-z][a-z-]*)", text)) - commands() == set()
    targets = set(TARGET.findall((ROOT / "Makefile").read_text("utf-8")))
    assert set(re.findall(r"`?\bmake (run|test|check|bench|locales|clean)\b", text)) - targets == set()


@each_document
def test_files_and_folders_named_in_code_marks_exist(path: Path):
    text = path.read_text("utf-8")
    named = re.findall(rf"`((?:{FOLDERS})/[\w./-]*)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


@each_document
def test_settings_named_in_a_document_exist(path: Path):
    known = {f"EARSHOT_{name.upper()}" for name in Settings.model_fields} | {
        "EARSHOT_TEST_DATABASES",
        "EARSHOT_GAME_TRIALS",
    }
    assert set(re.findall(r"EARSHOT_[A-Z_]+", path.read_text("utf-8"))) - known == set()


def test_changelog_names_every_command():
    line = next(
        line
        for line in (ROOT / "CHANGELOG.md").read_text("utf-8").splitlines()
        if line.startswith("- The command line")
    )
    assert set(re.findall(r"`([a-z][a-z-]*)`", line)) == commands()


def test_example_of_settings_holds_each_setting_once_and_empty():
    assert example() == {f"EARSHOT_{name.upper()}": "" for name in Settings.model_fields}


def test_example_of_settings_names_every_path_of_the_web_server():
    paths = set(re.findall(r'add_(?:get|post)\("(/[a-z/]+)"', (ROOT / "bot/service.py").read_text("utf-8")))
    assert "/healthz" in paths
    text = (ROOT / ".env.example").read_text("utf-8")
    assert [path for path in sorted(paths) if path not in text] == []


def test_example_of_settings_as_it_is_means_the_rehearsal():
    settings = Settings(_env_file=ROOT / ".env.example")  # type: ignore[call-arg]
    assert settings == Settings(_env_file=None)  # type: ignore[call-arg]
    assert settings.rehearses


def test_table_of_tables_is_that_of_the_store():
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8").partition("## What is kept")[2]
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \|([^|]*)\|([^|]*)\|$", text, re.MULTILINE)
    written = {name: (re.findall(r"`(\w+)`", sealed), re.findall(r"`(\w+)`", keyed)) for name, sealed, keyed in rows}
    kept = {
        name: (
            [column for table_name, column in CONTRACTS if table_name == name],
            [column.name for column in table.columns if column.name.endswith("_key")],
        )
        for name, table in SQLModel.metadata.tables.items()
    }
    assert written == kept


def test_sealed_columns_are_those_of_the_contracts():
    sealed = {
        (name, column.name.removesuffix("_sealed"))
        for name, table in SQLModel.metadata.tables.items()
        for column in table.columns
        if column.name.endswith("_sealed")
    }
    assert sealed == set(CONTRACTS)


def test_tour_names_the_low_end_of_every_question_the_pupil_may_be_asked_first():
    step = re.search(r"^1\. \*\*Answer.*?(?=^2\. )", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert step is not None
    _, _, listed = re.sub(r"\s+", " ", step[0]).partition("the low end: ")
    items = [item for item in load(LATEST).items.values() if item.kind == "state"]
    low = {item.options["young"][0 if item.direction == 1 else -1].text for item in items}
    assert set(re.findall(r"\*([^*]+)\*", listed.partition(". ")[0])) == low


def test_licence_is_the_one_the_project_names():
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_of_the_environment_python_alone_is_called_so_that_the_folder_may_be_moved():
    # Every other program in it begins with the path it was made at.
    called = {
        name
        for path in ("Makefile", "earshot", ".ci/run")
        for name in re.findall(r"\.venv/bin/([\w.-]+)", (ROOT / path).read_text())
    }
    assert called == {"python"}


@pytest.mark.parametrize("python", ["exit 1", "case $1 in -c) exit 0;; *) mkdir -p .venv/bin; exit 1;; esac"])
def test_python_that_is_too_old_or_lacks_venv_is_told_in_a_sentence_and_leaves_nothing_behind(
    tmp_path: Path, python: str
):
    (tmp_path / "python").write_text(f"#!/bin/sh\n{python}\n")
    (tmp_path / "python").chmod(0o755)
    for name in ("Makefile", "requirements.lock"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    command = ["make", "--silent", "run", f"PYTHON={tmp_path / 'python'}"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    said = "Earshot's environment cannot be made: it needs Python 3.11 or newer with venv (on Debian: apt install"
    assert (ended.returncode, ended.stdout, ended.stderr.startswith(said)) == (2, "", True)
    assert not (tmp_path / ".venv").exists()


def launched(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (our own launcher)
        [str(folder / "earshot"), *arguments],
        capture_output=True,
        text=True,
        cwd=folder.parent,
        env={"PATH": os.environ["PATH"], "COLUMNS": "200"},
        check=False,
    )


def test_launcher_without_an_environment_says_what_to_do(tmp_path: Path):
    folder = tmp_path / "a folder with spaces"
    folder.mkdir()
    (folder / "earshot").write_bytes((ROOT / "earshot").read_bytes())
    (folder / "earshot").chmod(0o755)
    ended = launched(folder, "doctor")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "Earshot's environment is not made yet. Go to Earshot's folder and run: make run\n"


def test_launcher_runs_in_its_own_folder_with_files_meant_from_where_it_was_called(tmp_path: Path):
    folder = tmp_path / "a folder with spaces"
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / "earshot").write_bytes((ROOT / "earshot").read_bytes())
    (folder / "earshot").chmod(0o755)
    python = folder / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\npwd\necho "$EARSHOT_CALLED_FROM"\nfor each do echo "[$each]"; done\n')
    python.chmod(0o755)
    words = ("import", "pupils of 7.csv", "/a/b.csv", "letters", "--name", "A School", "--name=St. Mary's", "")
    ended = launched(folder, *words)
    assert ended.stdout.splitlines() == [
        str(folder.resolve()),
        # Only the commands know which of their words are paths.
        str(tmp_path.resolve()),
        *(f"[{word}]" for word in ("-m", "bot", *words)),
    ]
