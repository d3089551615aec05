"""The words that `conversations.neutrality` looks for, with what each list is about. English only.

The valence lexicon is our own and small: words that a question for pupils might hold, from -3 (hard to say yes to) to 3
(hard to say no to). A word that is missing counts as neutral, so the lists find much and not all; people find the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BY_VALENCE: Mapping[int, str] = {
    -3: """
        abuse abused afraid anxious ashamed awful bullied bully bullying cruel depressed desperate disgusting failure
        guilty harm hate hated hopeless horrible hurt lonely miserable nightmare pathetic scared stupid suicidal
        terrible terrified ugly unsafe useless victim violent worthless""",
    -2: """
        alone angry anxiety bad boring cry crying dangerous disappointed dull embarrassed fail failed fear frightened
        ignored jealous lazy lose loser mean mess nervous nobody panic poor problem problems rude sad selfish shy
        sick silly strange stress stressed struggle struggling threatened tired trouble unfair unhappy upset weak weird
        worried worry worse worst wrong""",
    -1: "busy difficult hard late less miss noisy odd slow stuck",
    1: "calm clear easy fresh funny light ready rested smooth soft steady warm",
    2: """
        best better brave bright brilliant clever cool enjoy enjoyed excellent fair favourite friendly fun
        good grateful great happy healthy helpful honest interesting kind lovely lucky nice normal pleased
        polite popular positive proud right safe sensible smart strong success successful sunny thankful win winner""",
    3: "adore amazing awesome fantastic incredible love loved loves perfect wonderful",
}
VALENCE: Mapping[str, int] = MappingProxyType(
    {word: valence for valence, words in _BY_VALENCE.items() for word in words.split()}
)

# A picture of the weather or of a light may be sunny or bright: the word paints, it does not praise.
PICTURED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "bright": _words("sky sun light torch window day weather"),
        "clear": _words("sky sun weather"),
        "sunny": _words("sky weather day"),
        "strong": _words("light torch beam"),
    }
)

ABSOLUTES = _words(
    """absolutely always anybody anyone anything completely constantly ever every everybody everyone everything
    forever never nobody nothing only totally"""
)

LEADING_WORDS = _words(
    """actually admit clearly course finally honest honestly merely must naturally obviously ought really should simply
    still supposed surely truly undoubtedly"""
)
LEADING_PHRASES = (
    "do you agree",
    "don't you",
    "aren't you",
    "isn't it",
    "wouldn't you",
    "how much do you like",
    "how happy",
    "how sad",
    "how worried",
    "how stressed",
    "most people",
    "why do you not",
    "why don't you",
    "why did you not",
    "we all know",
)

HOME_AND_FAMILY = _words(
    """abroad afford aunt bedroom brother brothers car carer carers christmas church cousin dad dads dog easter eid
    families family father garden gran grandad grandma holiday holidays home house kitchen mosque mother mum mums
    parent parents pay pet pets ramadan sister sisters sofa temple uncle"""
)

NEGATIONS = _words("cannot neither no nobody none nor not nothing never without")
NEGATED = "n't"
NEGATIVE_WORDS = _words(
    """disagree dislike disliked impossible impolite inactive incorrect unable uncommon uncomfortable unfair unfriendly
    unhappy unimportant unkind unlikely unpleasant unsafe untrue unusual unwell"""
)

SCHOOL_TERMS: Mapping[str, str] = MappingProxyType({"safeguarding": "safety", "check-ins": "checks"})
"""Names that a pupil of the school knows by sight: when reading age is measured they count as the shorter word."""
