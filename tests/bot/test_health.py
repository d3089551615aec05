"""What the networks refuse: told once in the log, in the health until it is mended."""

from structlog.testing import capture_logs

from bot.health import Refusals

TOKEN = "the token is refused"
OTHER = "the address is refused"


def test_a_refusal_is_told_once_and_stands_until_it_is_mended() -> None:
    refusals = Refusals()
    with capture_logs() as written:
        for _ in range(3):
            refusals.tell("telegram", TOKEN)
        assert refusals.problems == [TOKEN]
        refusals.mended("telegram")
        refusals.mended("telegram")
    assert refusals.problems == []
    assert [line["event"] for line in written] == [TOKEN, "accepted after all"]


def test_another_refusal_of_the_same_is_told_in_its_place_and_one_that_comes_back_again() -> None:
    refusals = Refusals()
    with capture_logs() as written:
        for sentence in (TOKEN, OTHER, TOKEN):
            refusals.tell("telegram", sentence)
            assert refusals.problems == [sentence]
    assert [line["event"] for line in written] == [TOKEN, OTHER, TOKEN]


def test_who_asks_no_more_names_nothing() -> None:
    refusals = Refusals()
    refusals.tell("slack", TOKEN)
    refusals.forget()
    assert refusals.problems == []
