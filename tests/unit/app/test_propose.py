"""propose() over a workspace whose store, snapshot and destination are stood in for; the files are real."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from proposer_workspace import TWIN, StandIn, files
from proposer_world import BLUEPRINT, OWN, T, custom, source_catalog
from wherry.app.mappings import read_decisions, read_workspace_mappings
from wherry.app.propose import propose
from wherry.app.workspace import Workspace
from wherry.mapping.blueprint import parse_yaml
from wherry.model.errors import MappingIncomplete


def run(world: StandIn) -> Any:
    return propose(cast("Workspace", world))


@pytest.fixture(scope="module", autouse=True)
def _blueprint_read_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wherry.app.propose.load_blueprint", lambda: BLUEPRINT)
        yield


@pytest.fixture
def world(tmp_path: Path) -> StandIn:
    return StandIn(root=tmp_path)


def patients(world: StandIn) -> Path:
    return world.mapping_dir / "01_patients.yaml"


def grown(world: StandIn) -> None:
    """The export has another column and other counts."""
    world.source = source_catalog((*OWN, custom("Parking permit", T.BOOLEAN)))
    world.filled = 15


def test_the_first_proposal_is_a_whole_mapping(world: StandIn) -> None:
    result = run(world)
    mappings = read_workspace_mappings(world.mapping_dir)
    assert "patients_to_contacts" in {m.name for m in mappings.active}
    assert "mapping/01_patients.yaml" in result.written
    assert not [n for n in files(world) if "streams" in n]
    document = result.document()
    assert document["bands"]["red"] >= 1
    assert all(line["evidence"] for line in document["proposals"])


def test_proposing_twice_writes_nothing(world: StandIn) -> None:
    run(world)
    before = files(world)
    result = run(world)
    assert result.written == ()
    assert files(world) == before


def test_two_workspaces_get_the_same_bytes(world: StandIn, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = StandIn(root=tmp_path_factory.mktemp("other"))
    run(world)
    run(other)
    assert files(world) == files(other)


def test_a_new_column_is_added_beside_a_persons_edits(world: StandIn) -> None:
    run(world)
    text = (
        patients(world)
        .read_text()
        .replace("using: iso_date, type: date, confidence", "on_error: blank, confidence")
    )
    patients(world).write_text("# ours\n" + text)
    grown(world)
    run(world)
    now = patients(world).read_text()
    assert now.startswith("# ours\n")
    assert "on_error: blank" in now
    assert '{to: "custom:Parking permit", from: "custom:Parking permit"' in now
    assert "15 of 20 filled with 3 repeated values" in now


def test_a_column_that_a_person_placed_is_not_proposed_elsewhere(world: StandIn) -> None:
    run(world)
    text = patients(world).read_text()
    mine = '  - {to: job_title, from: "custom:Parking permit"}\n'
    patients(world).write_text(text.replace("\nlinks:", f"{mine}\nlinks:"))
    grown(world)
    run(world)
    assert patients(world).read_text().count("custom:Parking permit") == 1


def test_a_label_that_a_person_gave_is_not_given_again(world: StandIn) -> None:
    run(world)
    mine = patients(world).read_text().replace('to: "custom:First seen"', 'to: "custom:Parking permit"')
    patients(world).write_text(mine)
    grown(world)
    run(world)
    assert (
        '{to: "custom:Parking permit (source)", from: "custom:Parking permit"' in patients(world).read_text()
    )


def test_without_memory_of_the_last_proposal_nothing_of_a_person_is_touched(world: StandIn) -> None:
    run(world)
    text = "".join(
        line for line in patients(world).read_text().splitlines(keepends=True) if "job" not in line
    )
    mine = text.replace("stage: 20", "stage: 23").replace("to: first_name", "to: last_name_2")
    patients(world).write_text(mine)
    for path in (world.state / "proposed").iterdir():
        path.unlink()
    grown(world)
    run(world)
    now = patients(world).read_text()
    assert [line for line in mine.splitlines() if line not in now.splitlines()] == []
    assert "custom:Parking permit" in now


def test_a_deleted_file_stays_deleted(world: StandIn) -> None:
    run(world)
    (world.mapping_dir / "07_clinical_notes.yaml").unlink()
    result = run(world)
    assert not (world.mapping_dir / "07_clinical_notes.yaml").exists()
    assert "mapping/07_clinical_notes.yaml" in result.kept


def test_where_no_mapping_is_left_all_are_written_anew(world: StandIn) -> None:
    run(world)
    before = files(world)
    for path in world.mapping_dir.iterdir():
        path.unlink()
    run(world)
    assert files(world) == before


def test_a_file_that_cannot_take_what_is_new_is_left_as_it_is(world: StandIn) -> None:
    run(world)
    text = patients(world).read_text()
    mine = text[: text.index("unmapped:")].rstrip() + "\n"
    patients(world).write_text(mine)
    world.source = source_catalog((*OWN, custom("Passport no")))
    run(world)
    parse_yaml(patients(world).read_text(), "01_patients.yaml")


def test_candidates_for_adoption_wait_for_a_decision(world: StandIn) -> None:
    run(world)
    path = world.mapping_dir / "adoptions.yaml"
    assert '{patient: "7", id: 3100, evidence: "same name, e-mail", decision: undecided}' in path.read_text()
    assert '{practice: "1", id: 42, evidence: "same account name", decision: undecided}' in path.read_text()
    decisions = read_decisions(path)
    assert (decisions.contacts, decisions.accounts) == ({}, {})


def test_a_decision_survives(world: StandIn) -> None:
    run(world)
    path = world.mapping_dir / "adoptions.yaml"
    path.write_text(path.read_text().replace("decision: undecided", "decision: adopt"))
    world.there["contacts"] = [TWIN, replace(TWIN, id=3101)]
    run(world)
    assert read_decisions(path).contacts == {"7": 3100}
    assert read_decisions(path).accounts == {"1": 42}
    assert "id: 3101" in path.read_text()


def test_no_candidates_make_a_file_that_reads_back(world: StandIn) -> None:
    world.there = {"contacts": [], "sales_accounts": []}
    run(world)
    assert read_decisions(world.mapping_dir / "adoptions.yaml").contacts == {}


def test_no_value_of_a_record_is_shown(world: StandIn) -> None:
    result = run(world)
    assert "zq" not in str(result.document())
    assert not [name for name, text in files(world).items() if '"zq"' in text]


def test_a_file_that_is_not_text_is_named(world: StandIn) -> None:
    run(world)
    patients(world).write_bytes(b"\xff\xfe")
    with pytest.raises(MappingIncomplete, match=r"mapping/01_patients\.yaml"):
        run(world)


EDITS = st.lists(st.tuples(st.sampled_from(["delete", "change", "insert"]), st.integers(0, 200)), max_size=6)


@dataclass(repr=False)
class Started:
    """A world with its files as they were proposed; never shown whole, for it is long."""

    world: StandIn
    texts: dict[str, str]
    proposed: dict[str, str]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Started:
    world = StandIn(root=tmp_path_factory.mktemp("edited"))
    run(world)
    proposed = {p.name: p.read_text() for p in (world.state / "proposed").iterdir()}
    return Started(world, files(world), proposed)


def _is_yaml(text: str) -> bool:
    try:
        parse_yaml(text, "edited.yaml")
    except MappingIncomplete:
        return False
    return True


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(["01_patients.yaml", "11_practices.yaml", "adoptions.yaml"]), edits=EDITS)
def test_a_persons_edit_anywhere_survives_another_proposal(
    started: Started, name: str, edits: list[tuple[str, int]]
) -> None:
    world, texts, proposed = started.world, started.texts, started.proposed
    for file, text in texts.items():
        (world.mapping_dir / file).write_text(text)
    for file, text in proposed.items():
        (world.state / "proposed" / file).write_text(text)
    lines = texts[name].split("\n")
    gone: set[str] = set()
    for number, (what, where) in enumerate(edits):
        at = where % len(lines)
        if what == "insert":
            lines.insert(at, f"# edit {number}")
        else:
            gone.add(lines[at])
            lines[at : at + 1] = [] if what == "delete" else [f"{lines[at]}  # edit {number}"]
        lines = lines or [""]
    assume(_is_yaml("\n".join(lines)))  # what is no YAML stops it: a test of its own
    (world.mapping_dir / name).write_text("\n".join(lines))
    grown(world)
    run(world)
    now = (world.mapping_dir / name).read_text().split("\n")
    assert [line for line in now if "# edit " in line] == [line for line in lines if "# edit " in line]
    once = {line for line in gone if line.strip() and texts[name].split("\n").count(line) == 1}
    assert not (once - set(lines)) & set(now)


def test_a_file_that_is_no_yaml_stops_it_before_anything_is_written(world: StandIn) -> None:
    run(world)
    grown(world)
    broken = patients(world).read_text(encoding="utf-8").replace("mapping: ", "mapping: [", 1)
    patients(world).write_text(broken, encoding="utf-8")
    before = files(world)
    with pytest.raises(MappingIncomplete, match=r"mapping/01_patients\.yaml, line \d+.*not valid YAML"):
        run(world)
    assert files(world) == before
