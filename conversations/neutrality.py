"""Neutral and readable: what a question or an option says more than it asks, found by rules that explain themselves.

A question is neutral when no answer to it is easier to give than another. The rules: no loaded word, both ends of the
options of like weight, nothing that leads, no absolutes, no two negatives, no guess about home and family, one thing
asked at a time. It is readable when each sentence can be read at the age it is meant for. Rules find words, not
intentions: what they find is for a person to judge, and what they do not find may still lean. English only, but for
length: in other languages sentences and buttons are held to be short.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from conversations import neutral_words as words
from conversations.model import Band

Kind = Literal[
    "loaded",
    "unbalanced",
    "leading",
    "absolute",
    "negatives",
    "home",
    "two ideas",
    "not asked",
    "reading",
    "sentence",
    "button",
    "alike",
]

READING_AGES: Mapping[Band, int] = MappingProxyType({"young": 8, "older": 11})
"""The age at which each wording must be readable."""

SENTENCE_WORDS: Mapping[Band, int] = MappingProxyType({"young": 15, "older": 20})
"""The most words of a sentence in a language that no formula of reading ages is made for."""
BUTTON_WORDS = 4
BUTTON_ROOM: Mapping[Band, int] = MappingProxyType({"young": 20, "older": 26})
"""The most words of an option in every language, and the most characters of a translated one: it stands on a button, in
one row of a narrow phone."""

# Below this a formula measures the letters of one word; such a sentence is judged by its longest word instead.
SHORT_SENTENCE = 6
LONGEST_WORD = 9
LOADED = 2
"""From this valence on, in either direction, a word in a question is loaded."""
APART = 2
"""How far apart, in valence, the first and the last option may not be."""

_WORD = re.compile(r"[a-z]+(?:[’'-][a-z]+)*")
_CLAUSE_ENDS = re.compile(r"[.!?:;,]|\b(?:and|but|or|so)\b")
_SENTENCE_ENDS = re.compile(r"(?<=[.!?:;؟۔؛])\s+")
_ASKED = ("?", "؟")


@dataclass(frozen=True)
class Finding:
    """What one text says more than it asks: the words in question, why they matter, and how to rewrite them.

    `option` counts from 1 and says which option it stands in, 0 the stem or the options taken together.
    """

    kind: Kind
    text: str
    found: str
    why: str
    hint: str
    option: int = 0


@dataclass(frozen=True)
class Question:
    """A question with its options, first to last, in the wording of one band."""

    stem: str
    options: tuple[str, ...]
    band: Band


def check(question: Question) -> tuple[Finding, ...]:
    """Say what is not neutral or not readable in a question, the stem first; nothing found is no proof."""
    texts = (question.stem, *question.options)
    return (
        *_not_asked(question.stem),
        *_each(texts, lambda text: check_text(text, about=" ".join(texts))),
        *_unbalanced(question.options, " ".join(texts)),
        *_each(texts, lambda text: check_reading(text, question.band)),
        *_buttons(question),
        *_alike(question.options),
    )


def check_translation(question: Question) -> tuple[Finding, ...]:
    """Say what is long in a question in another language, the stem first: no rule here knows its words."""
    texts = (question.stem, *question.options)
    return (
        *_not_asked(question.stem),
        *_each(texts, lambda text: _long_sentences(text, question.band)),
        *_buttons(question, BUTTON_ROOM[question.band]),
        *_alike(question.options),
    )


def check_text(text: str, about: str = "") -> tuple[Finding, ...]:
    """Say what is not neutral in one text: a question, an option, a prompt; `about` is what it stands among."""
    found = (_loaded(text, about), _leading(text), _absolute(text), _negatives(text), _home(text))
    return tuple(finding for findings in found for finding in findings)


def check_reading(text: str, band: Band) -> tuple[Finding, ...]:
    """Say which sentences of a text are too hard to read at the age of the band."""
    return tuple(_reading(text, band))


def sentences(text: str) -> list[str]:
    """Split a text where a reader takes a breath: after . ! ? : and ;"""
    return [sentence for sentence in _SENTENCE_ENDS.split(text) if _WORD.search(sentence.lower())]


def reading_age(sentence: str) -> float:
    """Give the age at which a sentence can be read: five more than its Automated Readability Index.

    Letters and digits are counted, marks are not: a comma is no harder to read. Source: Senter and Smith,
    AMRL-TR-66-220 (1967).
    """
    parts = sentence.split()
    letters = sum(character.isalnum() for part in parts for character in part)
    return 5 + 4.71 * letters / len(parts) + 0.5 * len(parts) - 21.43


def valence(text: str, about: str = "") -> int:
    """Add up how its words weigh, from negative to positive; a word that paints what it is `about` weighs nothing."""
    return sum(weight for _, weight in _weights(text, about))


def _each(texts: Sequence[str], rule: Callable[[str], Iterable[Finding]]) -> Iterator[Finding]:
    """Hold the stem and each option to a rule, and say which of them a finding stands in."""
    for option, text in enumerate(texts):
        yield from (replace(finding, option=option) for finding in rule(text))


def _weights(text: str, about: str) -> list[tuple[str, int]]:
    around = {*_said(text), *_said(about)}
    return [
        (word, words.VALENCE[word])
        for word in _said(text)
        if word in words.VALENCE and not words.PICTURED.get(word, frozenset()) & around
    ]


def _said(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("’", "'"))


def _loaded(text: str, about: str) -> Iterator[Finding]:
    for word, weight in _weights(text, about):
        if abs(weight) >= LOADED:
            yield Finding(
                "loaded",
                text,
                word,
                f"“{word}” says what is {'good' if weight > 0 else 'bad'} before the pupil has answered.",
                "Say what can be seen or counted: how many, how far, which place.",
            )


def _leading(text: str) -> Iterator[Finding]:
    low = text.lower().replace("’", "'")
    found = [phrase for phrase in words.LEADING_PHRASES if phrase in low]
    found += [word for word in _said(text) if word in words.LEADING_WORDS]
    for what in found:
        yield Finding(
            "leading",
            text,
            what,
            f"“{what}” lets the pupil hear which answer is hoped for.",
            "Leave it out, or ask “what”, “which”, “how many” or “how far”.",
        )


def _absolute(text: str) -> Iterator[Finding]:
    for word in _said(text):
        if word in words.ABSOLUTES:
            yield Finding(
                "absolute",
                text,
                word,
                f"“{word}” leaves no room: few can say that of anything, so the answer means little.",
                "Give an amount or a time instead: “two of five”, “this week”.",
            )


def _negatives(text: str) -> Iterator[Finding]:
    for clause in _CLAUSE_ENDS.split(text):
        negative = [
            word
            for word in _said(clause)
            if word in words.NEGATIONS or word in words.NEGATIVE_WORDS or word.endswith(words.NEGATED)
        ]
        if len(negative) > 1:
            yield Finding(
                "negatives",
                text,
                " … ".join(negative),
                "Two negatives have to be worked out, and “no” then means “yes”.",
                "Say it the positive way round, with one negative at most.",
            )


def _home(text: str) -> Iterator[Finding]:
    for word in _said(text):
        if word in words.HOME_AND_FAMILY:
            yield Finding(
                "home",
                text,
                word,
                f"“{word}” takes a home, a family, money or a belief for granted that not every pupil has.",
                "Set it where every pupil is: the class, the corridor, a park, a club, a game.",
            )


def _not_asked(stem: str) -> Iterator[Finding]:
    if not stem.rstrip().endswith(_ASKED):
        yield Finding(
            "not asked",
            stem,
            stem[-1:],
            "It does not end as a question, so it is not clear what to answer.",
            "End with one question, and a question mark.",
        )
    if sum(stem.count(mark) for mark in _ASKED) > 1:
        yield Finding(
            "two ideas",
            stem,
            "?",
            "It asks two things, and an answer to one looks like an answer to both.",
            "Ask one thing; make the other a question of its own.",
        )


def _unbalanced(options: Sequence[str], about: str) -> Iterator[Finding]:
    if len(options) < 2:
        return
    first, last = valence(options[0], about), valence(options[-1], about)
    if abs(first - last) >= APART:
        better, other = (options[0], options[-1]) if first > last else (options[-1], options[0])
        yield Finding(
            "unbalanced",
            f"{options[0]} … {options[-1]}",
            better,
            f"“{better}” sounds better than “{other}”, so it is the easier answer.",
            "Make both ends things that a sensible person might do, or amounts of the same thing.",
        )


def _reading(text: str, band: Band) -> Iterator[Finding]:
    age = READING_AGES[band]
    for sentence in sentences(text):
        plain = _known(sentence)
        longest = max(_said(plain), key=len)
        if len(plain.split()) < SHORT_SENTENCE:
            if len(longest.replace("-", "")) > LONGEST_WORD + (band == "older") * 2:
                yield Finding("reading", sentence, longest, f"“{longest}” is a long word.", "Use a shorter word.")
        elif round(reading_age(plain), 1) > age:
            yield Finding(
                "reading",
                sentence,
                longest,
                f"It reads at {reading_age(plain):.1f} years; these pupils are to read it at {age}.",
                f"Make two sentences of it, or use shorter words than “{longest}”.",
            )


def _long_sentences(text: str, band: Band) -> Iterator[Finding]:
    most = SENTENCE_WORDS[band]
    for sentence in _SENTENCE_ENDS.split(text):
        if len(sentence.split()) > most:
            yield Finding(
                "sentence",
                sentence,
                str(len(sentence.split())),
                f"It has {len(sentence.split())} words; {most} can be read at one go.",
                "Make two sentences of it.",
            )


def _buttons(question: Question, room: int | None = None) -> Iterator[Finding]:
    for number, option in enumerate(question.options, start=1):
        words, long = len(option.split()), room is not None and len(option) > room
        if words > BUTTON_WORDS or long:
            size = f"{len(option)} characters; {room}" if long else f"{words} words; {BUTTON_WORDS}"
            yield Finding(
                "button",
                option,
                str(len(option) if long else words),
                f"It has {size} fit on a button of a narrow phone.",
                "Use fewer or shorter words.",
                number,
            )


def _alike(options: Sequence[str]) -> Iterator[Finding]:
    said = [option.strip().casefold() for option in options]
    for number, option in enumerate(options):
        if said[number] in said[:number]:
            yield Finding(
                "alike",
                option,
                option,
                "Two options say the same, so it is not clear which of them was meant.",
                "Say each step in words of its own, or leave one out.",
                number + 1,
            )


def _known(sentence: str) -> str:
    for term, short in words.SCHOOL_TERMS.items():
        sentence = re.sub(term, short, sentence, flags=re.IGNORECASE)
    return sentence
