"""Invented buyers, addresses and goods. Every buyer is somebody else, so an order is known by its recipient alone."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import gcd

from hub.sandbox.books import Address
from hub.sandbox.chance import Chance

_FIRST = (
    "Ada Alba Amara Anouk Arvid Aya Bao Bela Bjarne Carys Cato Chidi Dalia Darian Elif Emeka Enzo Fenna Fintan Freya "
    "Gita Goran Greta Hamza Hanne Hugo Ilse Imani Ines Ivo Jaana Jonas Joss Kaito Kalina Keir Lale Leif Linnea Lorcan "
    "Maeve Malik Marisol Mats Mirela Naoki Nadia Nils Noor Odile Oskar Pavel Petra Quentin Rania Renzo Rosa Sanna "
    "Selim Signe Soren Tamsin Tariq Thora Tomas Una Vasil Vera Wanda Wim Ximena Yara Yusuf Zita Zora"
).split()
_LAST = (
    "Abara Adler Almgren Amsel Arden Ashdown Bakker Balint Barrow Beckett Bergstrom Birch Blomqvist Brandt Calder "
    "Castell Cole Corvin Dahl Danso Drummond Eklund Ellery Engel Farrow Ferrant Fiala Fjeld Gallo Garrick Grieve "
    "Haas Hallam Harker Hedlund Holt Ibsen Ingram Jansen Jarvis Kaplan Keane Kestrel Kovar Lachance Larkin "
    "Lindqvist Lowell Marek Marlow Mensah Moreau Morrow Nakano Novak Oakes Okoye Olsen Osei Palmer Petrov Quill "
    "Rasmus Redfern Rossi Sato Sinclair Solberg Stein Tanaka Thorne Tremblay Udell Vance Varga Verhoef Wexler "
    "Whitlock Yamada Yilmaz Zeller"
).split()
_STREETS = "Alder Beacon Canal Cedar Dock Elm Foundry Garden Harbour Juniper Lantern Maple Orchard Quarry River".split()

_NAMES = [(first, last) for first in _FIRST for last in _LAST]

# (street pattern, city, zip, region, region name, country, country name, dialling code)
_PLACES_AMERICA = (
    ("{n} {s} Street", "Portland", "97209", "OR", "Oregon", "US", "United States", "+1503"),
    ("{n} {s} Avenue", "Madison", "53703", "WI", "Wisconsin", "US", "United States", "+1608"),
    ("{n} {s} Road", "Asheville", "28801", "NC", "North Carolina", "US", "United States", "+1828"),
    ("{n} {s} Way", "Tucson", "85701", "AZ", "Arizona", "US", "United States", "+1520"),
    ("{n} {s} Lane", "Burlington", "05401", "VT", "Vermont", "US", "United States", "+1802"),
    ("{n} {s} Street", "Halifax", "B3H 4R2", "NS", "Nova Scotia", "CA", "Canada", "+1902"),
)
_PLACES_EUROPE = (
    ("{s}straße {n}", "Leipzig", "04109", "DE-SN", "Sachsen", "DE", "Germany", "+49341"),
    ("{s}gasse {n}", "Graz", "8010", "", "", "AT", "Austria", "+43316"),
    ("{n} rue de {s}", "Nantes", "44000", "", "", "FR", "France", "+33240"),
    ("{s}laan {n}", "Utrecht", "3511", "", "", "NL", "Netherlands", "+3130"),
    ("{s}vägen {n}", "Umeå", "903 26", "", "", "SE", "Sweden", "+4690"),
    ("Calle {s} {n}", "Zaragoza", "50001", "Z", "Zaragoza", "ES", "Spain", "+34976"),
)
_PLACE_JAPAN = ("{s} {n}-2", "金沢市", "920-0962", "JP17", "Ishikawa", "JP", "Japan", "+8176")


@dataclass(frozen=True)
class Person:
    first: str
    last: str
    email: str
    phone: str


@dataclass(frozen=True)
class Ware:
    """Something sold: price in hundredths, weight in grams. The SKU's prefix says where it leaves from."""

    sku: str
    title: str
    price: int
    grams: int


WARES = (
    Ware("WH-KETTLE-BLK", "Gooseneck kettle, black", 5450, 1150),
    Ware("WH-MUG-OAT", "Stoneware mug ☕ oat", 1895, 420),
    Ware("WH-TOWEL-2", "Linen towel, set of two", 2999, 310),
    Ware("WH-LAMP-ARC", "Arc desk lamp", 8900, 2300),
    Ware("WH-BOARD-ASH", "Ash cutting board", 3675, 980),
    Ware("SELF-VASE-07", "Hand-thrown vase no. 7", 6420, 1600),
    Ware("SELF-PRINT-A3", "Risograph print A3", 2850, 190),
    Ware("SELF-STOOL-OAK", "Oak milking stool", 11900, 3400),
    Ware("DIG-PATTERN-PDF", "Sewing pattern (PDF)", 1200, 0),
    Ware("DIG-COURSE-12", "Twelve evenings of bookbinding", 4900, 0),
)

# What one unit of the first currency buys, for shops that show prices in the buyer's own.
RATES = {("USD", "CAD"): Decimal("1.3715"), ("USD", "JPY"): Decimal("148.2"), ("EUR", "SEK"): Decimal("11.42")}


class People:
    """Hands out people nobody has seen before in this world."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._first = chance.below(len(_NAMES), "first person")
        self._stride = 1 + chance.below(len(_NAMES) - 1, "stride")
        while gcd(self._stride, len(_NAMES)) > 1:  # so that everybody comes up before anybody comes again
            self._stride += 1
        self._next = 0

    def person(self) -> Person:
        index = self._next
        self._next += 1
        first, last = _NAMES[(self._first + index * self._stride) % len(_NAMES)]
        again = index // len(_NAMES)
        last += f" {'IVXLCDM'[again % 7] * (1 + again // 7)}" if again else ""
        mailbox = f"{first}.{last}".lower().replace(" ", "-")
        return Person(first, last, f"{mailbox}@buyers.example", f"{5550000 + index:07d}")

    def address(self, person: Person, region: str, *names: object) -> Address:
        """A home for a person. region: america, europe or japan."""
        places = {"america": _PLACES_AMERICA, "europe": _PLACES_EUROPE, "japan": (_PLACE_JAPAN,)}[region]
        pattern, city, code, state, state_name, country, country_name, dial = self._chance.pick(places, "place", *names)
        number = 1 + self._chance.below(240, "house", *names)
        street = pattern.format(n=number, s=self._chance.pick(_STREETS, "street", *names))
        extra = self._chance.pick(("", "", "", "Unit 4", "c/o Reception"), "extra", *names)
        phone = dial + person.phone
        return Address(
            person.first, person.last, street, city, code, country, country_name, state, state_name, extra, "", phone
        )
