"""The item bank as it is published: its shape, its balance, and the rules of its wording."""

import re
from collections import Counter, defaultdict
from dataclasses import FrozenInstanceError
from hashlib import sha256
from importlib import resources

import pytest

from conversations.bank import BANDS, CONTEXTS, FACTORS, LATEST, THEMES, VERSIONS, Item, UnknownBankVersion, load
from conversations.bank.extract import OPTION_ROOM, STEM_ROOM
from conversations.model import Band

ITEMS = tuple(load(LATEST).items.values())
STEERING = tuple(item for item in ITEMS if item.kind == "steering")
STATE = tuple(item for item in ITEMS if item.kind == "state")
each_item = pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
each_band = pytest.mark.parametrize("band", BANDS)

# Whole words, in any form listed. What an item must not name, imply, or use to lean on a pupil.
FORBIDDEN = {
    "sadness, harm and worry": """
        sad sadly sadness unhappy happy cry cries crying tears lonely alone worry worries worried anxious
        anxiety stress stressed scared scary afraid fear fears nervous panic angry anger upset hurt hurts harm
        pain painful die dies dead death kill kills blood bully bullied bullying hate hates hated danger
        dangerous unsafe safe ill sick fight fights hit hits trouble problem problems cope coping depressed
        depression low mood feel feels feeling feelings tired nightmare dark lost hide hides hiding secret
        secrets shame ashamed guilty blame""",
    "families and homes": """
        family families mum mums mother dad dads father parent parents carer carers brother brothers sister
        sisters sibling siblings gran grandma grandad uncle aunt cousin home homes house houses flat bedroom
        kitchen garden sofa pet pets dog cat""",
    "money": """
        money pay pays paid buy buys bought price prices cost costs cheap expensive rich poor afford shop shops
        spend spends pound pounds coin coins till fee holiday holidays abroad car""",
    "belief, and food bound to it": """
        god gods pray prays prayer church mosque temple synagogue holy bible quran christmas easter eid diwali
        ramadan hanukkah vesak saint angel devil fast fasting meat pork ham bacon beef sausage burger gelatine
        jelly wine beer alcohol sweets saturday sunday friday""",
    "absolutes": """
        always never ever everyone everybody nobody everything nothing anything anyone anybody totally
        completely only whole entire must every""",
    "leading": """
        should ought surely obviously really actually course better best worse worst good bad nice great right
        wrong fair unfair kind brave honest honestly lazy selfish shy weird normal fun boring healthy sensible
        silly clever stupid trust help helps helpful finally admit even still merely""",
}
NEGATIONS = re.compile(r"\b(?:not|no|none|without|neither|nor)\b|n’t\b")


def texts_of(item: Item, band: Band) -> list[str]:
    return [item.stem[band], *(option.text for option in item.options[band])]


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z’]+", text.lower())


def test_bank_holds_six_stems_for_each_factor_and_context():
    assert Counter((item.factor, item.context) for item in STEERING) == {
        (factor, context): 6 for factor in FACTORS for context in CONTEXTS
    }


def test_bank_holds_three_state_items_for_each_theme_and_no_context():
    assert Counter((item.factor, item.context) for item in STATE) == {(theme, None): 3 for theme in THEMES}


def test_bank_is_keyed_by_ids_told_from_factor_context_and_number():
    short = {"self_disclosure": "SD", "trust_of_self": "TS", "trust_of_others": "TO", "seeking_change": "SC"}
    steering = [
        f"{short[factor]}-{context}-{number}"
        for factor in FACTORS
        for context in ("IN", "OUT")
        for number in range(1, 7)
    ]
    state = [f"ST-{theme.upper()}-{number}" for theme in THEMES for number in range(1, 4)]
    assert list(load(LATEST).items) == steering + state
    assert [item.id for item in ITEMS] == steering + state


def test_file_repeats_no_id():
    source = resources.files("conversations.bank").joinpath(f"{LATEST}.toml").read_text("utf-8")
    assert len(re.findall(r'^id = "', source, re.MULTILINE)) == len(ITEMS) == 63


@each_item
def test_id_is_safe_in_the_data_of_a_button(item: Item):
    assert re.fullmatch(r"[A-Z]{2}-[A-Z]+-[1-9]", item.id)
    assert len(item.id.encode()) <= 16


@each_item
def test_factor_and_context_are_those_of_the_id(item: Item):
    start, middle, _ = item.id.split("-")
    if item.kind == "state":
        assert (start, middle.lower()) == ("ST", item.factor)
    else:
        assert start == "".join(word[0] for word in item.factor.replace("_of", "").split("_")).upper()
        assert middle == {"in_school": "IN", "outside": "OUT"}[item.context or ""]


@each_item
def test_young_has_three_options_with_pictures_and_older_five_without(item: Item):
    assert [len(item.options[band]) for band in BANDS] == [3, 5]
    pictures = [option.picture for option in item.options["young"]]
    assert len(set(pictures)) == 3
    assert all(picture and not re.search(r"[\w\s]", picture) for picture in pictures)
    assert [option.picture for option in item.options["older"]] == [""] * 5


@each_band
@each_item
def test_texts_fit_their_place(item: Item, band: Band):
    assert 15 <= len(item.stem[band]) <= STEM_ROOM[band]
    for option in item.options[band]:
        assert 1 <= len(option.text) <= OPTION_ROOM[band], option.text


@each_band
@each_item
def test_texts_are_tidy(item: Item, band: Band):
    assert item.stem[band].endswith("?")
    for text in texts_of(item, band):
        assert text == text.strip()
        assert text[0].isupper()
        assert not re.search(r"  |['\"\\{}<>&*_|\n\t]", text)
    assert not any(option.text.endswith(".") for option in item.options[band])


@each_band
@each_item
def test_options_of_an_item_differ(item: Item, band: Band):
    texts = [option.text.casefold() for option in item.options[band]]
    assert len(set(texts)) == len(texts)


def test_no_text_is_shared_by_two_items_so_that_each_has_a_translation_of_its_own():
    where = defaultdict(set)
    for item in ITEMS:
        for band in BANDS:
            for text in texts_of(item, band):
                where[text.casefold()].add(item.id)
    assert {text: ids for text, ids in where.items() if len(ids) > 1} == {}


def test_directions_of_each_factor_and_context_are_half_and_half():
    sums = Counter()
    for item in STEERING:
        sums[item.factor, item.context] += item.direction
    assert dict(sums) == {(factor, context): 0 for factor in FACTORS for context in CONTEXTS}


def test_directions_of_state_items_are_mixed_within_each_theme_and_near_even_overall():
    assert {
        theme: len({item.direction for item in STATE if item.factor == theme}) for theme in THEMES
    } == dict.fromkeys(THEMES, 2)
    assert sorted(Counter(item.direction for item in STATE).values()) == [7, 8]


@each_item
def test_ends_mean_the_same_in_both_wordings_where_they_share_a_word(item: Item):
    young, older = ([option.text.casefold() for option in item.options[band]] for band in BANDS)
    shared = [older.index(text) for text in young if text in older]
    assert shared == sorted(shared)


@pytest.mark.parametrize("about", FORBIDDEN)
def test_no_forbidden_word_is_used(about: str):
    forbidden = set(FORBIDDEN[about].split())
    used = {
        (item.id, band): forbidden & {word for text in texts_of(item, band) for word in words_of(text)}
        for item in ITEMS
        for band in BANDS
    }
    assert {place: words for place, words in used.items() if words} == {}


@each_band
@each_item
def test_no_negation_in_a_stem_and_at_most_one_in_an_option(item: Item, band: Band):
    assert NEGATIONS.findall(item.stem[band].lower()) == []
    assert all(len(NEGATIONS.findall(option.text.lower())) <= 1 for option in item.options[band])


@each_item
def test_young_stem_has_short_words_and_short_sentences(item: Item):
    stem = item.stem["young"]
    assert max(len(word) for word in words_of(stem)) <= 9
    assert max(len(words_of(sentence)) for sentence in re.split(r"[.?!]", stem)) <= 13


@pytest.mark.parametrize("version", VERSIONS)
def test_loader_gives_the_version_asked_for_and_reads_it_once(version: str):
    assert load(version).version == version
    assert load(version) is load(version)


def test_versions_are_the_files_there_are_and_latest_is_among_them():
    files = {file.name for file in resources.files("conversations.bank").iterdir() if file.name.endswith(".toml")}
    assert files == {f"{version}.toml" for version in VERSIONS}
    assert VERSIONS[-1] == LATEST


@pytest.mark.parametrize("version", ["", "2019-1", "2026-1.toml", "../bank/2026-1", "2026-1\0"])
def test_loader_refuses_an_unknown_version_with_a_sentence_and_a_way_out(version: str):
    with pytest.raises(UnknownBankVersion) as refused:
        load(version)
    assert refused.value.version == version
    assert str(refused.value) == (
        f"This program has no item bank {version!r}; it has 2026-1, 2026-2. "
        "Update Earshot to the release that began this check-in, or a later one."
    )


def test_a_new_version_asks_what_the_one_before_asked_in_the_same_steps():
    """So that answers to both are taken together: ids, order, directions, and what is counted or chosen."""
    before, now = (load(version).items for version in ("2026-1", "2026-2"))
    assert list(before) == list(now)
    assert [(one.kind, one.factor, one.context, one.direction) for one in before.values()] == [
        (one.kind, one.factor, one.context, one.direction) for one in now.values()
    ]
    pictures = [
        [[option.picture for option in one.options["young"]] for one in bank.values()] for bank in (before, now)
    ]
    assert pictures[0] == pictures[1]
    assert [id for id, item in now.items() if item.stem != before[id].stem] == ["SD-IN-3"]
    assert before["SD-IN-3"].stem["older"] == now["SD-IN-3"].stem["older"]


def test_the_first_version_stays_as_it_was_published():
    """Whoever is half-way through a check-in finishes it in the words it began with."""
    source = resources.files("conversations.bank").joinpath("2026-1.toml").read_bytes()
    assert sha256(source).hexdigest() == "80b2b03a905fb915775b76c72b33c02effa551d2e24e46b0b4ec70270f7ee384"


def test_bank_once_loaded_cannot_be_changed():
    item = ITEMS[0]
    with pytest.raises(FrozenInstanceError):
        item.direction = -1  # type: ignore[misc]
    with pytest.raises(TypeError):
        item.stem["young"] = "?"  # type: ignore[index]
    with pytest.raises(TypeError):
        load(LATEST).items["SD-IN-1"] = item  # type: ignore[index]
