"""Words of immediate danger: a small English list with its spelling variants, matched on whole words.

The list only ever raises urgency. A match shows the crisis card and tells the safeguarding leads a name; no match means
nothing at all, and nothing is ever held back, sorted out or scored because of it. It is meant to be short enough for a
safeguarding lead to read, and to err towards a card too many. It knows English alone: words of danger in another
language are not found, and Talk to someone stays on every screen for that reason.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

# By what the words are about. A `*` stands for any ending; a space also matches no space ("killmyself"). Words are
# written without apostrophes or hyphens.
_PHRASES: Mapping[str, str] = MappingProxyType(
    {
        "ending one's life": """
            kill myself | kill my self | killing myself | killing my self | kms | suicid* | sucid* | suiside | suicde
            unalive | unaliving | end my life | ending my life | end it all | take my own life | taking my own life
            take my life | want to die | wanna die | wana die | wnt to die | want 2 die | wish i was dead
            wish i were dead | wish i was never born | want to be dead | better off dead | better off without me
            no reason to live | nothing to live for | cant go on like this | dont want to live | do not want to live
            dont wanna live | dont want to be alive | dont wanna be alive | dont want to be here anymore
            dont want to be here any more | dont wanna be here anymore | hang myself | hanging myself | hung myself
            noose | jump off a bridge | jump off the bridge | jump off a roof | jump off the roof | jump in front of a
            overdose | overdosed | overdosing | took all my pills | take all my pills | took too many pills
            took loads of pills
        """,
        "hurting oneself": """
            self harm* | slef harm* | self injur* | cut myself | cuts myself | cutting myself | cut my wrist*
            cutting my wrist* | slit my wrist* | hurt myself | hrt myself | hurting myself | harm myself
            harming myself | burn myself | burning myself | starve myself | starving myself | poison myself
            strangle myself | bleeding a lot | wont stop bleeding
        """,
        "being hurt": """
            hits me | hit me | hitting me | beats me up | beat me up | beating me | beats me with | beat me with
            punches me | punched me | kicks me | kicked me | hurts me | hurt me | hurting me | strangled me
            strangles me | strangling me | choked me | chokes me | choking me | burned me | burnt me
            going to kill me | gonna kill me | threatened to kill | threatens to kill | death threat*
            abuse | abused | abuses | abusing | abuser | abusive | locked me in | locks me in
        """,
        "being touched or forced": """
            rape | raped | rapes | raping | rapist | molest* | touched me | touches me | touching me | groomed me
            grooming me | made me undress | makes me undress | forced me to have sex | made me have sex
            made me touch | forced marriage | forced to marry | forcing me to marry
        """,
        "not being safe": """
            not safe at home | unsafe at home | not safe here | im not safe | i am not safe | dont feel safe
            do not feel safe | scared to go home | afraid to go home | frightened to go home | scared of going home
            scared at home | run away from home | running away from home | ran away from home | in danger
            call the police | ring the police | call 999 | ring 999 | call an ambulance | save me
        """,
        "hurting others": """
            kill yourself | kys | want to kill | wanna kill | kill someone | kill everyone | going to kill him
            going to kill her | going to kill them | going to kill you | gonna kill him | gonna kill her
            gonna kill them | gonna kill you | stab | stabs | stabbed | stabbing | got a knife | has a knife
            have a knife | bring a knife | brought a knife | got a gun | has a gun | have a gun | bring a gun
            brought a gun | shoot up
        """,
    }
)

_LOOKS_LIKE = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_APOSTROPHES = re.compile("['’‘ʼ`´]")
_EDGE_MARKS = '.,;:!?"“”()[]{}*_~<>'


def _plain(text: str) -> str:
    """Reduce text to lower-case words of a-z and digits with single spaces and no letter twice in a row."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    seen = "".join(mark for mark in folded if unicodedata.category(mark) not in ("Mn", "Cf"))
    words = (_word(word.strip(_EDGE_MARKS)) for word in _APOSTROPHES.sub("", seen).split())
    spaced = re.sub(r"[^a-z0-9]+", " ", " ".join(words))
    return re.sub(r"([a-z])\1+", r"\1", spaced).strip()


def _word(word: str) -> str:
    # "k1ll" is a word in disguise; "5" and "999" are numbers.
    return word.translate(_LOOKS_LIKE) if any(mark.isalpha() for mark in word) else word


def _pattern() -> re.Pattern[str]:
    forms = set()
    for phrase in (phrase.strip() for theme in _PHRASES.values() for phrase in re.split(r"[|\n]", theme)):
        if not phrase:
            continue
        stem, star = (phrase[:-1], "[a-z]*") if phrase.endswith("*") else (phrase, "")
        # A distance ("5 kms") is the one everyday reading common enough to leave out.
        before = r"(?<![0-9] )" if stem == "kms" else ""
        forms.add(before + _plain(stem).replace(" ", " ?") + star)
    return re.compile(r"(?<![a-z0-9])(?:" + "|".join(sorted(forms)) + r")(?![a-z0-9])")


_DANGER = _pattern()
_SPELT_OUT = re.compile(r"(?<![a-z0-9])(?:[a-z] ){2,}[a-z](?![a-z0-9])")


def sounds_like_danger(text: str) -> bool:
    """Say whether typed words hold one of the phrases of immediate danger.

    True raises urgency; False means nothing. Case, accents, invisible marks, repeated letters, digits for letters,
    letters spelt out one by one and missing spaces are seen through. Takes any string; never raises.
    """
    plain = _plain(text)
    if _DANGER.search(plain):
        return True
    joined = _SPELT_OUT.sub(lambda run: run.group().replace(" ", ""), plain)
    return joined != plain and bool(_DANGER.search(re.sub(r"([a-z])\1+", r"\1", joined)))
