"""T7: a wrong receipt and a right one cost the same; and what six words may look like when people type them."""

import statistics
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.whisper_desk import say
from store.whisper_sealing import (
    Cost,
    Receipt,
    code_of,
    new_receipt,
    receipt_of,
    receipt_of_code,
    word_list,
    words_of,
)
from store.whisper_store import WhisperStore
from store.whispers import Draft, Page, find, see, start

numbers = st.integers(0, 7776**6 - 1).map(lambda number: Receipt(number.to_bytes(10, "big")))


def test_word_list_is_the_long_one_of_the_eff():
    assert len(word_list()) == len(set(word_list())) == 7776
    assert (word_list()[0], word_list()[-1]) == ("abacus", "zoom")


@given(numbers)
def test_receipt_survives_its_words_however_they_are_typed(receipt: Receipt):
    words = words_of(receipt)
    for typed in (" ".join(words), ", ".join(words).upper(), "\n".join(f"{word}." for word in words)):
        assert receipt_of(typed) == receipt


@given(numbers)
def test_receipt_survives_its_code_which_fits_a_button(receipt: Receipt):
    assert receipt_of_code(code_of(receipt)) == receipt
    assert len(code_of(receipt)) == 14


@given(st.text(max_size=80))
def test_what_is_no_receipt_never_raises(text: str):
    receipt = receipt_of(text)
    assert receipt is None or " ".join(words_of(receipt))
    code = receipt_of_code(text)
    assert code is None or code_of(code) == text


def test_words_with_a_mark_in_them_may_be_typed_with_a_space():
    words = ("drop-down", "felt-tip", "t-shirt", "abacus", "zoom", "abide")
    assert receipt_of(" ".join(words)) == receipt_of("drop down felt tip t shirt abacus zoom abide") is not None


def test_receipts_drawn_do_not_repeat():
    assert len({new_receipt() for _ in range(2000)}) == 2000


def test_receipt_of_another_store_opens_nothing(whisper_store: WhisperStore):
    start(whisper_store, Draft("2026-11-24", "other", "me"), new_receipt(), {"what": "words"}, b"x")
    assert find(whisper_store, new_receipt()) is None
    assert see(whisper_store, None) is None


def test_right_receipt_opens_what_is_for_the_reporter_and_no_more(whisper_store: WhisperStore, readers: list[bytes]):
    receipt = new_receipt()
    door = start(whisper_store, Draft("2026-11-24", "other", "me"), receipt, {"what": "words"}, b"mine")
    say(whisper_store, readers[0], door.report.hex(), "note", "A Lead", "for readers alone")
    say(whisper_store, readers[1], door.report.hex(), "question", "B Lead", "where was it?")
    say(whisper_store, readers[0], door.report.hex(), "reply", "A Lead", "thank you")
    page = see(whisper_store, find(whisper_store, receipt))
    assert page == Page("received", "", (("question", "where was it?"), ("reply", "thank you")))


def timed(store: WhisperStore, receipt: Receipt) -> float:
    began = time.perf_counter()
    see(store, find(store, receipt))
    return time.perf_counter() - began


@pytest.mark.parametrize("leaky", [False, True], ids=["as it is", "leak planted: a wrong one ends early"])
def test_wrong_and_right_receipt_take_the_same_time(whisper_store: WhisperStore, leaky: bool):
    whisper_store.cost = Cost(memory=4096, passes=1)
    right = new_receipt()
    start(whisper_store, Draft("2026-11-24", "other", "me"), right, {"what": "words"}, b"x")

    def wrong() -> float:
        if leaky:
            # What a look-up without the work done in vain would be.
            began = time.perf_counter()
            find_only_mark(whisper_store, new_receipt())
            return time.perf_counter() - began
        return timed(whisper_store, new_receipt())

    def differs() -> bool:
        # In turns, so that a busy machine slows both alike.
        pairs = [(timed(whisper_store, right), wrong()) for _ in range(60)]
        differences = [one - other for one, other in pairs]
        middle = statistics.median(one for one, _ in pairs)
        # The median of differences, against the middle of the times: noise moves it by a few hundredths.
        return abs(statistics.median(differences)) / middle > 0.2

    timed(whisper_store, right)
    # On a machine that is very busy noise may move it further, but not three times.
    seen = all(differs() for _ in range(3))
    assert seen is leaky


def find_only_mark(store: WhisperStore, receipt: Receipt) -> None:
    from store.whisper_sealing import find_by

    find_by(receipt, store.salt, store.cost)
