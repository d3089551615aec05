"""The pages on tone: ten pairs each, of which the good side keeps our own rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conversations.neutrality import check_reading, check_text

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("tone-pupil.md", "tone-parent.md", "tone-tutor.md")
each_page = pytest.mark.parametrize("page", PAGES)


def pairs(page: str) -> list[tuple[str, str, str]]:
    table = (DOCS / page).read_text("utf-8").partition("## Ten pairs")[2]
    return re.findall(r"^\| (?!say \|)([^|]+) \| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE)


@each_page
def test_page_has_ten_pairs_with_a_reason_each(page: str):
    assert len(pairs(page)) == 10
    assert all(why.endswith(".") and good != bad for good, bad, why in pairs(page))


def test_what_is_to_be_said_to_a_pupil_is_neutral_and_can_be_read_by_the_youngest():
    said = [good for good, _, _ in pairs("tone-pupil.md")]
    found = [finding for text in said for finding in (*check_text(text), *check_reading(text, "young"))]
    assert [finding for finding in found if finding.kind in ("home", "negatives", "reading")] == []
    assert [finding for finding in found if finding.kind == "leading" and "?" in finding.text] == []


def test_what_is_to_be_said_to_a_parent_takes_no_family_for_granted():
    said = [good for good, _, _ in pairs("tone-parent.md")]
    assert [finding for text in said for finding in check_text(text) if finding.kind in ("home", "leading")] == []


@each_page
def test_pages_lead_to_one_another(page: str):
    text = (DOCS / page).read_text("utf-8")
    assert [other for other in PAGES if other != page and f"({other})" not in text] == []
