"""The names of the sample school: first names from many places, family names that no one has, put together by a seed.

The family names are made up, so that nobody is meant and everybody can see that it is a sample.
"""

from __future__ import annotations

import random
import unicodedata

_FIRST = """
    Aaliyah Abena Adaeze Aditi Ahmed Aiko Alasdair Alba Amara Amir Anika Anouk Arjun Astrid Ayaan Ayodele Beatriz
    Bilal Bronwen Caio Callum Camille Carys Chidi Ciarán Claudia Dafydd Dalia Darius Deepa Diego Dilys Ebele Edith
    Eilidh Elif Elodie Emeka Esme Esther Euan Fatima Felix Femi Ffion Freya Gabriel Gethin Giulia Grace Gwen Habiba
    Hana Haroon Hector Hiro Ibrahim Idris Imogen Ines Ioana Isla Ismail Ivo Jaya Jonas Joseph Kaito Kamil Kavya Kofi
    Kwame Laila Lars Leila Leonor Lina Logan Lucia Luka Mabel Magda Mairi Malik Maria Mateo Maya Mei Mikolaj Mina
    Mohan Molly Nadia Naomi Nikhil Nina Niamh Noor Obinna Olga Oskar Owen Paloma Parisa Pavel Petra Priya Rafael
    Rania Ravi Rhys Rosa Ruben Saffron Salma Samir Sana Seren Shanice Sione Sofia Soraya Suki Tahir Tamsin Tarek
    Tegan Teodor Théo Thandi Tomas Uma Usha Viktor Wanjiru Wei Winston Wren Xanthe Yara Yasmin Yusuf Zahra Zara Zeno
    Zoë Zofia
"""

_LAST = """
    Amberlode Appleswick Ashenmoor Bellwhistle Birchmantle Bramblecote Brightwater-Lane Brookenshade Bumblewood
    Candlemarsh Chalkwhistle Cloverdeen Cobblestrand Copperleaf Cricklemere Daisyfold Dapplemoor Dewberrow
    Driftmallow Duskfeather Elderbrindle Emberfield-Moss Fennelgate Fernwhistle Foxlark Frostwillow Gladebrook
    Glimmerton Goldenreed Gorsewhin Greenlantern Hazelcombe-Rill Heatherquill Hollowbrook Honeymarl Inkwhistle
    Ivorythatch Juniperstow Kestrelcombe Kindlewick Lanternby Larchmeadow Lavenderstow Lichenfold Lindenquay
    Lupinsgate Maplethwick Marigolding Meadowquist Millpebble Mistlebeck Moonquarry Mossentide Mulberrow Nettlefair
    Nightjarrow Oakenquill Orchardine Otterbourne-Fell Owlingham Palewater Patchleaf Pebbleton Peppermere
    Periwinkling Pinequarry Plumfeather Poppywhistle Quillmere Rainthorpe-Wick Reedlantern Ripplestone Robinsward
    Rookwhistle Rosehipley Rowanquist Rushlightly Saffronfold Sandpiperly Seaglasson Silverthatch Skylarking
    Sloeberrow Snowdapple Sorrelgate Sparrowmead Starlingham Stonequill Sunderleaf Swallowmere Tanglebrook Tansyfold
    Teaselwick Thistlequay Thrushmere Tidewhistle Timberquist Treacleford Tumblestow Umberfold Violetmarsh
    Wagtailing Wandlebrook Waxwhistle Whimbrelow Whistlemoor Wildermint Willowquay Windlefold Wintersloe Wobblestone
    Woodsorrelly Yarrowmead Yellowhamley Yewlantern Zephyrmoor
"""


FIRST = tuple(_FIRST.split())
LAST = tuple(_LAST.split())


def names(count: int, seed: int) -> list[tuple[str, str]]:
    """Draw `count` different (first, family) names, the same for the same seed; at most len(FIRST) * len(LAST)."""
    chance = random.Random(f"names {seed}")  # noqa: S311 (a sample, no secret)
    return [
        (FIRST[number % len(FIRST)], LAST[number // len(FIRST)])
        for number in chance.sample(range(len(FIRST) * len(LAST)), count)
    ]


def plain(name: str) -> str:
    """Write a name with the letters of an e-mail address: lower case, no accents."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return letters.lower()
