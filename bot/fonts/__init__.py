"""Fonts that come with Earshot: Amiri, for Arabic and Urdu, as released under the SIL Open Font License (OFL.txt)."""

from pathlib import Path

FONTS = Path(__file__).parent
