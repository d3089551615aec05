"""Join codes: what each outcome needs, and that guessing is slowed down."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from conversations.danger_words import sounds_like_danger
from scheduling.school import SchoolFacts
from store import people
from store.invites import ALPHABET, DRAWN, FREE_TRIES, LIFETIME, SLOW_FOR, Outcome, issue, look_up, normal
from store.people import chat_key
from store.sealing import Sealer
from store.tables import Attempt, Invite, Pupil
from tests.factories import NOW, make_group, make_pupil, make_school

SECOND = timedelta(seconds=1)
WRONG = "AAAA-AAAA"


@pytest.fixture
def school(session: Session) -> SchoolFacts:
    return make_school(session)


@pytest.fixture
def pupil(session: Session, sealer: Sealer, school: SchoolFacts) -> Pupil:
    return make_pupil(session, sealer, school, make_group(session, school, "7B", 7), status="invited")


def outcome(
    session: Session, sealer: Sealer, school: SchoolFacts, code: str, chat: int = 501, now: object = NOW
) -> Outcome:
    found = look_up(session, sealer, school.id, chat_key(sealer, chat), code, now)  # type: ignore[arg-type]
    session.flush()
    assert (found.invite is not None) == (found.outcome == "valid")
    return found.outcome


@given(
    st.text(alphabet=ALPHABET, min_size=8, max_size=8),
    st.sampled_from(["", "-", " ", " – ", "_", "—", "\u200b", "\ufeff-", "\u2011", "\u2212\u200f"]),
    st.booleans(),
)
def test_a_code_is_read_however_it_is_typed(plain: str, between: str, lower: bool) -> None:
    typed = f" {plain[:4]}{between}{plain[4:]}\n"
    assert normal(typed.lower() if lower else typed) == plain


def test_no_code_that_is_given_out_spells_a_word() -> None:
    assert set(DRAWN) < set(ALPHABET)
    assert set(DRAWN) & set("AEIOU134") == set()


@given(st.text(alphabet=DRAWN, min_size=8, max_size=8))
def test_no_code_that_is_given_out_is_taken_for_words_of_danger(plain: str) -> None:
    assert not sounds_like_danger(f"/start {plain[:4]}-{plain[4:]}")


@given(st.text(max_size=40))
def test_any_text_is_a_code_or_none(text: str) -> None:
    plain = normal(text)
    assert plain is None or (len(plain) == 8 and set(plain) <= set(ALPHABET))


@pytest.mark.parametrize(
    "text", ["", "ACDE-346", "ACDE-34677", "ACDE-346O", "ACDE-346Ⅹ", "A" * 4096, "ＡＣＤＥ３４６７"]
)
def test_what_cannot_be_a_code_is_none(text: str) -> None:
    assert normal(text) is None


def test_a_fresh_code_is_valid_and_only_its_hash_is_kept(
    session: Session, sealer: Sealer, school: SchoolFacts, pupil: Pupil
) -> None:
    code = issue(session, sealer, pupil, NOW)
    found = look_up(session, sealer, school.id, chat_key(sealer, 501), code.lower(), NOW)
    assert found.invite is not None
    assert (found.outcome, found.invite.pupil_id) == ("valid", pupil.id)
    invite = session.exec(select(Invite)).one()
    assert code.replace("-", "").encode() not in invite.code_key
    assert invite.code_key == sealer.blind("invite", code.replace("-", ""))


def test_an_unknown_code_is_unknown(session: Session, sealer: Sealer, school: SchoolFacts, pupil: Pupil) -> None:
    issue(session, sealer, pupil, NOW)
    assert outcome(session, sealer, school, WRONG) == "unknown"
    assert outcome(session, sealer, school, "no code at all") == "unknown"


def test_a_code_is_of_its_own_school_alone(session: Session, sealer: Sealer, pupil: Pupil) -> None:
    code = issue(session, sealer, pupil, NOW)
    assert outcome(session, sealer, make_school(session), code) == "unknown"


def test_a_code_expires_on_its_last_day(session: Session, sealer: Sealer, school: SchoolFacts, pupil: Pupil) -> None:
    code = issue(session, sealer, pupil, NOW)
    assert outcome(session, sealer, school, code, now=NOW + LIFETIME - SECOND) == "valid"
    assert outcome(session, sealer, school, code, now=NOW + LIFETIME) == "expired"


def test_a_code_works_once(session: Session, sealer: Sealer, school: SchoolFacts, pupil: Pupil) -> None:
    code = issue(session, sealer, pupil, NOW)
    people.bind(session, sealer, look_up(session, sealer, school.id, chat_key(sealer, 501), code, NOW), 501, NOW)
    assert outcome(session, sealer, school, code, chat=502) == "used"
    assert outcome(session, sealer, school, code, chat=502, now=NOW + LIFETIME) == "used"


def test_the_chat_that_used_a_code_may_give_it_again_and_again_without_being_slowed_down(
    session: Session, sealer: Sealer, school: SchoolFacts, pupil: Pupil
) -> None:
    code = issue(session, sealer, pupil, NOW)
    people.bind(session, sealer, look_up(session, sealer, school.id, chat_key(sealer, 501), code, NOW), 501, NOW)
    assert [outcome(session, sealer, school, code) for _ in range(FREE_TRIES + 2)] == ["used"] * (FREE_TRIES + 2)
    assert session.exec(select(Attempt)).all() == []


def test_a_code_issued_anew_ends_the_one_before(
    session: Session, sealer: Sealer, school: SchoolFacts, pupil: Pupil
) -> None:
    first = issue(session, sealer, pupil, NOW)
    session.flush()
    second = issue(session, sealer, pupil, NOW + SECOND)
    assert first != second
    assert outcome(session, sealer, school, first, now=NOW + SECOND) == "expired"
    assert outcome(session, sealer, school, second, now=NOW + SECOND) == "valid"


def test_a_code_issued_anew_leaves_a_used_one_and_other_pupils_codes_as_they_are(
    session: Session, sealer: Sealer, school: SchoolFacts, pupil: Pupil
) -> None:
    other = issue(
        session,
        sealer,
        make_pupil(session, sealer, school, make_group(session, school, "7C", 7), status="invited"),
        NOW,
    )
    used = issue(session, sealer, pupil, NOW)
    people.bind(session, sealer, look_up(session, sealer, school.id, chat_key(sealer, 501), used, NOW), 501, NOW)
    issue(session, sealer, pupil, NOW + SECOND)
    assert outcome(session, sealer, school, used, chat=502, now=NOW + SECOND) == "used"
    assert outcome(session, sealer, school, other, chat=502, now=NOW + SECOND) == "valid"


def test_a_chat_that_guesses_is_told_to_wait_and_even_a_good_code_waits(
    session: Session, sealer: Sealer, school: SchoolFacts, pupil: Pupil
) -> None:
    code = issue(session, sealer, pupil, NOW)
    tries = [outcome(session, sealer, school, WRONG, now=NOW + number * SECOND) for number in range(FREE_TRIES + 1)]
    assert tries == ["unknown"] * FREE_TRIES + ["slow_down"]
    assert outcome(session, sealer, school, code, now=NOW + SLOW_FOR - SECOND) == "slow_down"
    assert outcome(session, sealer, school, code, chat=502, now=NOW + SLOW_FOR - SECOND) == "valid"
    assert outcome(session, sealer, school, code, now=NOW + SLOW_FOR) == "valid"
    assert session.exec(select(Attempt)).all() == []


def test_after_the_wait_the_count_begins_anew(session: Session, sealer: Sealer, school: SchoolFacts) -> None:
    for _ in range(FREE_TRIES + 1):
        outcome(session, sealer, school, WRONG)
    later = NOW + SLOW_FOR
    again = [outcome(session, sealer, school, WRONG, now=later) for _ in range(FREE_TRIES + 1)]
    assert again == ["unknown"] * FREE_TRIES + ["slow_down"]


def test_used_and_expired_codes_count_as_guesses_too(
    session: Session, sealer: Sealer, school: SchoolFacts, pupil: Pupil
) -> None:
    code = issue(session, sealer, pupil, NOW - LIFETIME)
    assert [outcome(session, sealer, school, code) for _ in range(FREE_TRIES + 1)] == ["expired"] * FREE_TRIES + [
        "slow_down"
    ]
