"""The example of docs/questions.md is a file that can be published."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from conversations.neutrality import Question, check
from conversations.questions_file import choose, read

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "questions.md").read_text("utf-8")


def test_the_example_is_read_neutral_and_asked_when_the_page_says():
    example = read(PAGE.partition("```toml")[2].partition("```")[0])
    words = [one for item in example.items for one in item.question.wordings if one.language == "en"]
    assert [check(Question(one.stem, one.options, one.band)) for one in words] == [(), ()]
    asked = [choose(example, ("usual",), "older", day).items for day in (date(2026, 12, 1), date(2026, 12, 8))]
    assert asked == [("usual", "own:LUNCH-1"), ("usual",)]
    assert choose(example, ("usual",), "older", date(2027, 2, 2)).items == ("own:LUNCH-1", "ST-SLEEP-1")
