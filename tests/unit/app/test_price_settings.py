"""The price table: read from wherry.toml, and what is no table is refused."""

from pathlib import Path

import pytest

from wherry.app.settings import read_settings
from wherry.model.errors import SettingsInvalid
from wherry.planning.price import price_of

GOOD = """
[source]
bundle = "export.zip"

[destination]
base_url = "https://clinic.myfreshworks.com/crm/sales"
plan = "pro"

[price]
"""


def read(tmp_path: Path, text: str):
    (tmp_path / "wherry.toml").write_text(GOOD + text, encoding="utf-8")
    return read_settings(tmp_path, {}).price


def test_a_clinic_s_own_table_is_taken(tmp_path):
    price = read(tmp_path, 'currency = "GBP"\ncategory = "dental"\n[price.table.dental]\nB = 750.5\n')
    found = price_of(price.prices, "B", 10)
    assert (found.currency, found.amount) == ("GBP", 750.5)
    assert "wherry.toml" in found.rule


def test_without_a_table_the_example_figures_are_taken_and_said_to_be_that(tmp_path):
    found = price_of(read(tmp_path, "").prices, "B", 10)
    assert found.amount is not None
    assert "example table" in found.rule


@pytest.mark.parametrize("text", ["table = 5\n", '[price.table.crm]\nA = "cheap"\n', "tabel = {}\n"])
def test_what_is_no_table_is_refused(tmp_path, text):
    with pytest.raises(SettingsInvalid, match="price"):
        read(tmp_path, text)
