"""Sealing: what goes in comes out, for its own row only, and its length tells little."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import SQLModel

from store.sealing import CONTRACTS, LOOK_UPS, KeyProblem, Sealer, Unreadable
from store.tables import Pupil, Staff

SEALER = Sealer(bytes(range(32)))
COLUMNS = sorted(CONTRACTS)
ROW = UUID("0199a0aa-0000-7000-8000-000000000001")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(st.sampled_from(COLUMNS), st.uuids(), json_values)
def test_a_sealed_value_opens_to_itself(place: tuple[str, str], row: UUID, value: object) -> None:
    assert SEALER.open(*place, row, SEALER.seal(*place, row, value)) == value


@given(st.sampled_from(COLUMNS), st.text(max_size=200), st.data())
def test_an_envelope_with_any_byte_changed_does_not_open(
    place: tuple[str, str], value: str, data: st.DataObject
) -> None:
    envelope = bytearray(SEALER.seal(*place, ROW, value))
    envelope[data.draw(st.integers(0, len(envelope) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Unreadable):
        SEALER.open(*place, ROW, bytes(envelope))


@given(st.data())
def test_an_envelope_cut_off_anywhere_does_not_open(data: st.DataObject) -> None:
    envelope = SEALER.seal("pupil", "name", ROW, "Wren Example")
    with pytest.raises(Unreadable):
        SEALER.open("pupil", "name", ROW, envelope[: data.draw(st.integers(0, len(envelope) - 1))])


@given(st.sampled_from(COLUMNS), st.sampled_from(COLUMNS), st.uuids(), st.uuids())
def test_an_envelope_moved_to_another_column_table_or_row_does_not_open(
    place: tuple[str, str], other: tuple[str, str], row: UUID, other_row: UUID
) -> None:
    envelope = SEALER.seal(*place, row, "Wren Example")
    if (place, row) == (other, other_row):
        assert SEALER.open(*other, other_row, envelope) == "Wren Example"
        return
    with pytest.raises(Unreadable):
        SEALER.open(*other, other_row, envelope)


def test_an_envelope_of_another_key_does_not_open() -> None:
    with pytest.raises(Unreadable):
        Sealer(bytes(32)).open("pupil", "name", ROW, SEALER.seal("pupil", "name", ROW, "Wren Example"))


def test_a_value_sealed_twice_looks_different_each_time() -> None:
    assert SEALER.seal("pupil", "name", ROW, "Wren") != SEALER.seal("pupil", "name", ROW, "Wren")


@pytest.mark.parametrize("place", COLUMNS)
def test_padding_hides_the_length_of_what_is_shorter_than_a_block(place: tuple[str, str]) -> None:
    most = CONTRACTS[place].pad - 2
    lengths = {len(SEALER.seal(*place, ROW, "x" * count)) for count in range(most + 1)}
    assert len(lengths) == 1
    assert len(SEALER.seal(*place, ROW, "x" * (most + 1))) == lengths.pop() + CONTRACTS[place].pad


def test_a_keyed_hash_is_the_same_for_the_same_value_and_different_for_another_purpose_or_key() -> None:
    made = SEALER.blind("chat", 501)
    assert made == Sealer(bytes(range(32))).blind("chat", 501)
    assert len({made, SEALER.blind("chat", 502), SEALER.blind("slack", 501), Sealer(bytes(32)).blind("chat", 501)}) == 4


def test_write_and_read_use_the_row_itself_and_none_stays_none() -> None:
    pupil = Pupil(school_id=uuid4(), mis_key=b"", group_id=uuid4(), phase="older")
    SEALER.write(pupil, "name", "Wren Example")
    assert SEALER.read(pupil, "name") == "Wren Example"
    assert SEALER.read(Staff(school_id=uuid4(), mis_key=b"", email_key=b""), "slack_user") is None


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(KeyProblem, match="the master key must be 32 bytes, this one is 31"):
        Sealer(bytes(31))


def test_every_keyed_hash_kept_in_the_store_has_its_purpose_declared() -> None:
    kept = {
        (name, column.name)
        for name, table in SQLModel.metadata.tables.items()
        for column in table.columns
        if column.name.endswith("_key")
    }
    assert kept == set(LOOK_UPS)
