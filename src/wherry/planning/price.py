"""A price by rule: a table by grade and platform category, and nothing per record."""

from collections.abc import Mapping
from dataclasses import dataclass

MOST_RECORDS = 2_000_000  # beyond it no table speaks
SCOPED = "scoped individually"

# Round figures to start from, in [price] currency; a firm that sells migrations writes its own.
EXAMPLE_TABLE: Mapping[str, Mapping[str, float]] = {
    "crm": {"A": 1_500, "B": 2_900, "C": 5_900, "D": 11_900},
    "helpdesk": {"A": 1_200, "B": 2_400, "C": 4_900, "D": 9_900},
    "marketing": {"A": 1_800, "B": 3_400, "C": 6_900, "D": 13_900},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """The table by platform category and grade, and which category this migration is in."""

    currency: str = "EUR"
    category: str = "crm"
    table: Mapping[str, Mapping[str, float]] | None = None  # None: the example table


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """An amount, or None, and the rule that gave it."""

    currency: str
    amount: float | None
    rule: str


def price_of(prices: PriceList, grade: str, records: int) -> Price:
    """Return the price of a migration of this grade; the number of records only decides whether a table speaks.

    `amount` is None above 2,000,000 records, and where the table has no such category or grade.
    """
    if records > MOST_RECORDS:
        rule = f"{SCOPED}: {records:,} records are more than {MOST_RECORDS:,}"
        return Price(currency=prices.currency, amount=None, rule=rule)
    own = prices.table
    table = EXAMPLE_TABLE if own is None else own
    where = (
        "the example table; write your own under [price]" if own is None else "[price] table of wherry.toml"
    )
    amount = table.get(prices.category, {}).get(grade)
    if amount is None:
        rule = f"no price for category {prices.category} and grade {grade} in {where}"
        return Price(currency=prices.currency, amount=None, rule=rule)
    rule = f"category {prices.category}, grade {grade}, no fee per record: {where}"
    return Price(currency=prices.currency, amount=amount, rule=rule)
