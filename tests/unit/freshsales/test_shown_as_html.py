"""Texts that come back as HTML are read as they were written; other texts are left alone."""

import pytest

from wherry.connectors.freshsales.entities import CONTACTS, NOTES, TASKS
from wherry.connectors.freshsales.observed import as_written, observe


@pytest.mark.parametrize(
    "shown",
    [
        "Note: 5 &lt; 7 &amp;amp; more<br>[aerona:notes:1]",
        "Note: 5 &lt; 7 &amp;amp; more<br />\n[aerona:notes:1]",
        "<div>Note: 5 &lt; 7 &amp;amp; more</div><div>[aerona:notes:1]</div>",
        "<p>Note: 5 &lt; 7 &amp;amp; more<br>[aerona:notes:1]</p>",
    ],
)
def test_line_breaks_and_entities_become_what_was_written(shown: str) -> None:
    assert as_written(shown) == "Note: 5 < 7 &amp; more\n[aerona:notes:1]"


def test_paragraphs_keep_the_empty_line_between_them() -> None:
    assert as_written("<p>One</p>\n\n<p>Two<br>Three</p>") == "One\n\nTwo\nThree"


@pytest.mark.parametrize("shown", ["Use <br> to break\n[aerona:notes:1]", "a &amp; b", "plain", ""])
def test_text_that_is_no_html_is_left_alone(shown: str) -> None:
    assert as_written(shown) == shown


def test_only_descriptions_of_what_hangs_on_a_contact_are_read_so() -> None:
    row = {"id": 1, "description": "a<br>b"}
    assert observe(NOTES, row).fields["description"] == observe(TASKS, row).fields["description"] == "a\nb"
    assert observe(CONTACTS, row).fields["description"] == "a<br>b"
