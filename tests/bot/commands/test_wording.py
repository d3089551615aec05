"""`earshot wording check`: what it finds is explained, what it cannot read is said in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.command_line import _say, app
from bot.commands.wording import _PLAIN, WordingProblem, read_questions

BANK = Path(__file__).parents[3] / "conversations" / "bank" / "2026-2.toml"
LEADING = """
[[item]]
id = "LUNCH-1"
young.stem = "Don’t you love lunch with your mum?"
young.options = ["Yes", "No"]
"""
NEUTRAL = """
[[item]]
id = "LUNCH-1"
older.stem = "Where do you sit at lunch?"
older.options = ["At the edge", "In the middle"]
"""


def checked(file: Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["wording", "check", str(file)])
    return result.exit_code, result.output


def written(folder: Path, words: str, name: str = "questions.toml") -> Path:
    file = folder / name
    file.write_text(words, "utf-8")
    return file


def test_what_leads_is_explained_with_a_way_to_rewrite_it(tmp_path: Path):
    code, said = checked(written(tmp_path, LEADING))
    assert code == 1
    assert [line.split(":")[0] for line in said.splitlines() if line.startswith("LUNCH-1")] == [
        "LUNCH-1, wording readable at 8 (loaded)",
        "LUNCH-1, wording readable at 8 (leading)",
        "LUNCH-1, wording readable at 8 (home)",
    ]
    assert said.count("  Why: ") == said.count("  Rewrite: ") == 3
    assert "1 question read, 3 things to look at." in said


def test_neutral_questions_pass_with_a_word_of_caution(tmp_path: Path):
    assert checked(written(tmp_path, NEUTRAL)) == (
        0,
        "1 question read, nothing found. Have somebody read them who was not there when they were written.\n",
    )


def test_the_published_bank_can_be_read():
    assert len(list(read_questions(BANK))) == 126


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("item = ", "questions.toml is not TOML: "),
        ("Where do you sit?", "questions.toml is not TOML: "),
        ("item = ", "Or as plain text, in a file that ends in .txt:"),
        ("[[item]]\nyoung = 3", "question 1: young needs a stem and options."),
        ("[[item]]\nyoung.stem = 'So?'\nyoung.cy.stem = 3", "question 1: stem and options of young.cy are to be"),
        ("", "questions.toml holds no questions. A question is written so:"),
        ("item = 3", "questions.toml holds no questions. A question is written so:"),
        ("[[item]]\nid = 'A'", "questions.toml, question 1: it needs young.stem or older.stem."),
        (
            "[[item]]\nyoung.stem = 3",
            "question 1: stem and options of young are to be words in quotes.",
        ),
        ("[[item]]\nyoung.stem = 'So?'\nyoung.options = 'No'", "question 1: stem and options of young are to be"),
    ],
)
def test_a_file_that_is_not_right_is_refused_with_a_sentence(tmp_path: Path, words: str, sentence: str):
    with pytest.raises(WordingProblem) as refused:
        list(read_questions(written(tmp_path, words)))
    assert sentence in str(refused.value)


def test_a_file_that_is_not_there_or_no_text_is_refused_with_a_sentence(tmp_path: Path):
    with pytest.raises(WordingProblem, match=r"There is no file .*nothing\.toml\. Check its name\."):
        list(read_questions(tmp_path / "nothing.toml"))
    (tmp_path / "picture.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WordingProblem, match="is not text in UTF-8"):
        list(read_questions(tmp_path / "picture.toml"))
    with pytest.raises(WordingProblem, match="cannot be read"):
        list(read_questions(tmp_path))


def test_plain_text_is_a_question_a_line_with_its_options_below_it(tmp_path: Path):
    plain = "# For March\n\n1. Where do you sit at lunch?\n- At the edge\n* In the middle\n\nDon’t you love it?\n"
    file = written(tmp_path, plain, "ours.txt")
    first, second = read_questions(file)
    assert (first.name, first.question.stem) == ("line 3, wording readable at 11", "Where do you sit at lunch?")
    assert (first.question.options, second.question.options) == (("At the edge", "In the middle"), ())
    code, said = checked(file)
    assert [line.split(":")[0] for line in said.splitlines() if line.startswith("line ")] == [
        "line 7, wording readable at 11 (loaded)",
        "line 7, wording readable at 11 (leading)",
    ]
    assert (code, "2 questions read, 2 things to look at." in said) == (1, True)


def test_what_stands_in_an_option_is_named_by_the_line_of_the_option(tmp_path: Path):
    options = ("At home", "", "Considerations everywhere. By a tree", "A chair", "One two three four five", "a chair")
    plain = "Where do you sit?\n\n" + "".join(f"- {option}\n" for option in options)
    _, said = checked(written(tmp_path, plain, "ours.txt"))
    assert [line.split(": ")[0] for line in said.splitlines() if line.startswith("line ")] == [
        "line 3, wording readable at 11 (home)",
        "line 5, wording readable at 11 (reading)",
        "line 5, wording readable at 11 (button)",
        "line 7, wording readable at 11 (button)",
        "line 8, wording readable at 11 (alike)",
    ]


def test_ends_of_unlike_weight_are_named_by_the_line_of_the_question(tmp_path: Path):
    _, said = checked(written(tmp_path, "How is lunch?\n- An easy time\n- A busy time\n", "ours.txt"))
    assert "line 1, wording readable at 11 (unbalanced): An easy time … A busy time" in said


def test_a_line_that_asks_nothing_is_held_to_neutral_and_readable_words_alone(tmp_path: Path):
    assert checked(written(tmp_path, "Thank you for today.\n", "thanks.txt"))[0] == 0
    code, said = checked(written(tmp_path, "Consideration necessarily precedes organisational priorities.", "hard.txt"))
    assert (code, said.count("Why: "), "(reading)" in said) == (1, 1, True)


def test_plain_text_for_the_youngest_is_read_at_eight(tmp_path: Path):
    file = written(tmp_path, "Which of these places do you choose to visit with your class?\n", "ours.txt")
    codes = [CliRunner().invoke(app, ["wording", "check", str(file), *more]).exit_code for more in ([], ["--young"])]
    assert codes == [0, 1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "holds no questions. A question is written so:"),
        ("- At the edge\n", "line 1: an option stands below its question."),
    ],
)
def test_plain_text_that_is_not_right_is_refused_with_an_example(tmp_path: Path, words: str, sentence: str):
    with pytest.raises(WordingProblem) as refused:
        list(read_questions(written(tmp_path, words, "ours.txt")))
    assert sentence in str(refused.value)
    assert "- At the edge" in str(refused.value)


def test_one_thing_is_one_thing_and_the_same_option_twice_is_one(tmp_path: Path):
    code, said = checked(written(tmp_path, "Where do you sit?\n- In the middle\n- In the middle\n", "ours.txt"))
    assert (code, "(alike): In the middle" in said) == (1, True)
    assert "1 question read, 1 thing to look at." in said


def test_the_example_below_a_refusal_can_be_copied_as_it_stands(capsys: pytest.CaptureFixture[str]):
    _say(f"nothing there. So:\n\n{_PLAIN}")
    assert capsys.readouterr().err == f"Nothing there. So:\n\n{_PLAIN}\n"


def test_a_translation_is_held_to_short_sentences_and_buttons(tmp_path: Path):
    long = "Ble wyt ti’n eistedd " + "gyda dy ffrindiau " * 6 + "amser cinio?"
    words = f'older.cy.stem = "{long}"\nolder.cy.options = ["Yn y canol", "Ar yr ymyl bellaf oddi wrth y drws"]'
    code, said = checked(written(tmp_path, NEUTRAL + words))
    assert (code, [line.split(":")[0] for line in said.splitlines() if line.startswith("LUNCH-1")]) == (
        1,
        ["LUNCH-1, older.cy (sentence)", "LUNCH-1, older.cy (button)"],
    )
    assert "It has 24 words; 20 can be read at one go." in said
