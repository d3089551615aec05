"""Why a nudge came, in words: the reason codes of the signals, each as one plain sentence that says how sure it is.

A tutor reads these on a phone between two lessons, so no figure stands in them; those are in `reasons_figures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from conversations.bank import FACTORS
from conversations.model import Phrase, say

# In place of the reasons of a flag that cannot be read.
UNREADABLE: Final[Mapping[str, Any]] = {"unreadable": True}


def factor_name(series: int) -> Phrase:
    """Name what a series is about: four factors, then how things are."""
    names = (
        say("Telling others about oneself"),
        say("Trust of self"),
        say("Trust of others"),
        say("Seeking change"),
    )
    return names[series] if 0 <= series < len(names) else say("How things are")


def sureness(chance: float) -> Phrase:
    """Say how sure, from a chance of 0 to 1."""
    if chance >= 0.95:
        return say("very sure")
    return say("fairly sure") if chance >= 0.8 else say("could be chance")


def reason_phrases(why: Mapping[str, Any]) -> tuple[Phrase, ...]:
    """Put a flag's stored reasons, strongest first, and its caveat into phrases.

    Reads what `scheduling.scoring` stored ("reasons" and "caveat"), and what the first rule of version 0.1 did.
    """
    if "low" in why:
        return (_fallen(sureness(0)),)
    if "unreadable" in why:
        return (say("Why it came cannot be read any more."),)
    reasons = [_phrase(reason) for reason in why.get("reasons", ())]
    return (*(reasons or [say("Several small things together, none of them strong.")]), *caveat_phrase(why))


def caveat_phrase(why: Mapping[str, Any]) -> tuple[Phrase, ...]:
    """Put the one caveat of a flag into words; flags of the first rule have none."""
    if "low" in why:
        return ()
    caveat = why.get("caveat", "")
    if caveat == "few_answers":
        return (say("But: there are few answers so far."),)
    if caveat == "quick_answers":
        return (say("But: many answers came very quickly, so they may say little."),)
    return (say("But: it rests on short taps alone, and shows only what a pupil lets be seen."),)


def action_codes(why: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the codes that suggested actions are chosen by, for a flag's stored reasons, strongest first."""
    if "low" in why:
        return ("low_run",)
    codes = [_action_code(reason) for reason in why.get("reasons", ())]
    if why.get("caveat") == "quick_answers":
        codes.append("rushed")
    return tuple(dict.fromkeys(codes))


def _action_code(reason: Mapping[str, Any]) -> str:
    code, series, now = reason["code"], reason.get("series", len(FACTORS)), reason.get("now", 0.0)
    if code == "fallen":
        return "change_low" if now < reason["was"] else "change_high"
    if code == "polar" and 0 <= series < len(FACTORS):
        return f"{FACTORS[series]}_{'low' if now < 0 else 'high'}"
    return {"gap": "context_gap", "silence": "silence"}.get(code, "low_run")


def _phrase(reason: Mapping[str, Any]) -> Phrase:
    sure = sureness(reason["chance"])
    if reason["code"] == "fallen":
        return _fallen(sure)
    if reason["code"] == "low":
        return _low(sure)
    if reason["code"] == "silence":
        return _silence(sure)
    words = _polar if reason["code"] == "polar" else _gap
    return words(FACTORS[reason["series"]], reason["now"] < reason["was"], sure)


def _fallen(sure: Phrase) -> Phrase:
    return say("For a while now, things have seemed harder than is usual for this pupil ({sure}).", sure=sure)


def _low(sure: Phrase) -> Phrase:
    return say("Things have seemed hard for this pupil for a while ({sure}).", sure=sure)


def _silence(sure: Phrase) -> Phrase:
    return say("This pupil answers less often than they used to ({sure}).", sure=sure)


def _polar(factor: str, low: bool, sure: Phrase) -> Phrase:
    if factor == "self_disclosure":
        if low:
            return say("They seem to keep nearly everything to themselves ({sure}).", sure=sure)
        return say("They seem to tell nearly everybody nearly everything ({sure}).", sure=sure)
    if factor == "trust_of_self":
        if low:
            return say("They seem to doubt their own judgement a lot ({sure}).", sure=sure)
        return say("They seem to go by their own judgement alone ({sure}).", sure=sure)
    if factor == "trust_of_others":
        if low:
            return say("They seem to lean on nobody else ({sure}).", sure=sure)
        return say("They seem to lean on others for nearly everything ({sure}).", sure=sure)
    if low:
        return say("They seem to keep to what they know, whatever comes ({sure}).", sure=sure)
    return say("They seem to want something new all the time ({sure}).", sure=sure)


def _gap(factor: str, less_in_school: bool, sure: Phrase) -> Phrase:
    if factor == "self_disclosure":
        if less_in_school:
            return say("They seem to tell much less about themselves in school than outside ({sure}).", sure=sure)
        return say("They seem to tell much more about themselves in school than outside ({sure}).", sure=sure)
    if factor == "trust_of_self":
        if less_in_school:
            return say("They seem much less sure of themselves in school than outside ({sure}).", sure=sure)
        return say("They seem much surer of themselves in school than outside ({sure}).", sure=sure)
    if factor == "trust_of_others":
        if less_in_school:
            return say("They seem to lean on others much less in school than outside ({sure}).", sure=sure)
        return say("They seem to lean on others much more in school than outside ({sure}).", sure=sure)
    if less_in_school:
        return say("They seem to try new things much less in school than outside ({sure}).", sure=sure)
    return say("They seem to try new things much more in school than outside ({sure}).", sure=sure)
