"""Where a long text is cut."""

import pytest

from wherry.mapping.ask import Problem
from wherry.mapping.notes import join_note, marker_of, split_note


def bodies(text, limit, header="h"):
    parts = split_note(text, header=header, stream="clinical_notes", key="1", limit=limit)
    assert not isinstance(parts, Problem)
    return [part.text.partition("\n")[2].rpartition("\n\n[")[0] for part in parts]


def test_a_short_note_is_one_part_without_a_prefix():
    (part,) = split_note("text", header="when", stream="clinical_notes", key="7", limit=100)
    assert part.text == "when\ntext\n\n[aerona:notes:7]"
    assert part.marker == "[aerona:notes:7]"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("word word. More here now.\n\nNext paragraph is longer than that.", "word word. More here now.\n\n"),
        ("One sentence that is here. Another sentence which is long.", "One sentence that is here. "),
        ("no sentences but words only and they go on and on", "no sentences but words only and "),
        ("x" * 80, "x" * 36),
    ],
)
def test_it_is_cut_at_the_best_border(text, first):
    assert bodies(text, 66)[0] == first
    assert "".join(bodies(text, 66)) == text


def test_a_grapheme_is_never_cut():
    family = "👩‍👩‍👧‍👦"
    for piece in bodies(family * 12, 62):
        assert piece == family * (len(piece) // len(family))


def test_a_limit_without_room_is_a_problem():
    result = split_note("x" * 200, header="h" * 60, stream="notes", key="1", limit=70)
    assert isinstance(result, Problem)
    assert result.reason == "note_unsplittable"


def test_part_numbers_of_two_digits_still_fit():
    parts = split_note("word " * 200, header="", stream="clinical_notes", key="1", limit=60)
    assert len(parts) > 9
    assert all(len(part.text) <= 60 for part in parts)
    assert join_note([part.text for part in parts]) == "word " * 200


def test_markers():
    assert marker_of("appointments", "9") == "[aerona:appointments:9]"
    assert marker_of("clinical_notes", "9", 2, 3) == "[aerona:notes:9 2/3]"
