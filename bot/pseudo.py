"""A language nobody speaks, to find what a translation would break: each string marked, accented and 40 % longer.

What is shown in it without the marks was never translated; what lacks its closing mark was cut. It is rendered like any
other language (`bot.text.render` with PSEUDO) and is never offered to a pupil.
"""

import math
import re
from gettext import NullTranslations

PSEUDO = "en_XA"
OPEN, CLOSE = "⟦", "⟧"
LONGER = 0.4
_FIELD = re.compile(r"(\{[a-z_]*\}|/[a-z]+)")
_ACCENTED = str.maketrans("aceinouyACEINOUY", "áçéíñöúýÁÇÉÍÑÖÚÝ")
_PADDING = "ëxträ "


class Pseudo(NullTranslations):
    """The catalogue of the pseudo-language; fields in braces and commands stay as they are."""

    def gettext(self, message: str) -> str:
        """Give a string in the pseudo-language; a pattern without words is nobody's to translate."""
        if not any(character.isalpha() for character in _FIELD.sub("", message)):
            return message
        accented = "".join(
            part if _FIELD.fullmatch(part) else part.translate(_ACCENTED) for part in _FIELD.split(message)
        )
        missing = math.ceil(len(message) * LONGER)
        padding = (_PADDING * (missing // len(_PADDING) + 1))[:missing].rstrip()
        return f"{OPEN}{accented} {padding}{CLOSE}"

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """Choose as English does."""
        return self.gettext(singular if n == 1 else plural)
