"""Golden dialogues: each text file here is a conversation as it must go, word for word.

After a change that is meant, `python -m tests.dialogues.test_dialogues` writes the files anew; read the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dialogues.transcript import FOLDER, transcript

DIALOGUES = sorted(FOLDER.glob("*.txt"))


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
def test_dialogue_goes_as_written(path: Path):
    script = path.read_text("utf-8")

    assert transcript(script) == script


if __name__ == "__main__":
    for each in DIALOGUES:
        each.write_text(transcript(each.read_text("utf-8")), "utf-8")
