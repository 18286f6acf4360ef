from hypothesis import given
from hypothesis import strategies as st

from wherry.mapping.proposer.keep import merged, persons_lines, topic_of

BASE = """\
# Row 1.
mapping: patients_to_contacts
stage: 20

rules:
  # who
  - {to: first_name, from: firstName, evidence: "old"}
  - {to: last_name, from: lastName, evidence: "old"}
  - {to: address, from: [address1, address2], using: join_lines, evidence: "old"}

unmapped:
  updatedAt: computed_into:delta
"""
NEW = (
    BASE.replace('"old"', '"new"').replace("join_lines, evidence", "join_lines, evidence")
    + "  createdAt: computed_into:delta\n"
)


def test_an_untouched_file_takes_the_new_proposal() -> None:
    assert merged(BASE, BASE, NEW) == NEW


def test_nothing_new_leaves_the_file_alone() -> None:
    edited = BASE.replace("stage: 20", "stage: 25")
    assert merged(BASE, edited, BASE) == edited


def test_a_changed_rule_stays_while_its_neighbours_follow() -> None:
    mine = BASE.replace('from: lastName, evidence: "old"', "from: lastName, using: upper")
    text = merged(BASE, mine, NEW)
    assert "  - {to: last_name, from: lastName, using: upper}" in text
    assert text.count("to: last_name") == 1
    assert '{to: first_name, from: firstName, evidence: "new"}' in text
    assert "createdAt" in text


def test_a_deleted_rule_does_not_come_back() -> None:
    mine = "\n".join(line for line in BASE.split("\n") if "to: last_name" not in line)
    assert "last_name" not in merged(BASE, mine, NEW)


def test_a_comment_between_changed_rules_stays_in_its_place() -> None:
    mine = BASE.replace("  - {to: last_name", "  # checked by Ada\n  - {to: last_name")
    lines = merged(BASE, mine, NEW).split("\n")
    at = lines.index("  # checked by Ada")
    assert "to: first_name" in lines[at - 1]
    assert "to: last_name" in lines[at + 1]


def test_a_rule_that_the_person_has_already_is_not_added_again() -> None:
    mine = BASE.replace("\nunmapped:", '  - {to: city, from: town, using: "mine"}\n\nunmapped:')
    theirs = BASE.replace("\nunmapped:", "  - {to: city, from: town}\n\nunmapped:")
    assert merged(BASE, mine, theirs).count("to: city") == 1


def test_line_ends_of_windows_are_kept() -> None:
    mine = BASE.replace("\n", "\r\n").replace("stage: 20", "stage: 25")
    text = merged(BASE, mine, NEW)
    assert "stage: 25\r\n" in text
    assert text.count("\r\n") == text.count("\n") == NEW.count("\n")


def test_topics() -> None:
    assert topic_of('  - {to: "custom:A, b", from: x}') == ("to", "custom:A, b", "x")
    assert topic_of("  - {to: a, from: [x, y], using: f}") == ("to", "a", "[x, y]")
    assert topic_of('  - {patient: "7", id: 31, decision: adopt}') == ("patient", "7", "31")
    assert topic_of("  # a remark: really") is None
    assert topic_of("") is None


def test_persons_lines_are_those_that_were_not_proposed() -> None:
    mine = BASE.replace("stage: 20", "stage: 25") + "# bye\n"
    assert persons_lines(BASE, mine) == ("stage: 25", "# bye")


EDITS = st.lists(
    st.tuples(st.sampled_from(["delete", "change", "insert", "rule"]), st.integers(0, 60)), max_size=12
)


def edited(text: str, edits: list[tuple[str, int]]) -> tuple[str, list[str], set[str]]:
    """Return the text after the edits, the lines that are the person's, and those that they took out."""
    lines = text.split("\n")
    gone: set[str] = set()
    for number, (what, where) in enumerate(edits):
        at = where % len(lines)
        if what in {"delete", "change"}:
            gone.add(lines[at])
        if what == "delete":
            if len(lines) > 1:
                del lines[at]
        elif what == "change":
            lines[at] = f"{lines[at]}  # edit {number}"
        elif what == "insert":
            lines.insert(at, f"# edit {number}")
        else:
            lines.insert(at, f'  - {{to: "custom:mine {number}", from: x}}  # edit {number}')
    return "\n".join(lines), [line for line in lines if "# edit " in line], gone - set(lines)


@given(EDITS, st.booleans())
def test_a_persons_edit_anywhere_survives(edits: list[tuple[str, int]], more: bool) -> None:
    theirs = NEW if more else BASE.replace('"old"', '"newer"')
    mine, own, gone = edited(BASE, edits)
    result = merged(BASE, mine, theirs).split("\n")
    assert [line for line in result if "# edit " in line] == own
    assert not {line for line in gone if line.strip() and BASE.split("\n").count(line) == 1} & set(result)
    topics = {topic_of(line) for line in gone if "{to:" in line and not any(line in kept for kept in own)}
    assert not topics & {topic_of(line) for line in result}


@given(EDITS)
def test_merging_again_changes_nothing(edits: list[tuple[str, int]]) -> None:
    mine, _, _ = edited(BASE, edits)
    once = merged(BASE, mine, NEW)
    assert merged(NEW, once, NEW) == once
