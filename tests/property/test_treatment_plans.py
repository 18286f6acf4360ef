"""Items that are split join again, and which plan is active depends on the plans, not on their rows."""

import random
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from small_export import FILES, write_export
from wherry.connectors.aerona import open_bundle
from wherry.mapping.transforms.treatment import split_lines
from wherry.staging import stage

LINES = st.lists(st.text(st.characters(exclude_characters="\n"), max_size=30), max_size=12)
RANK = {"in_progress": 0, "accepted": 1, "proposed": 2}
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["1", "2"]),
        st.sampled_from([*RANK, "completed", "declined", "expired"]),
        st.sampled_from(["", "2026-01-01T10:00:00Z", "2026-01-01T11:00:00+01:00", "2026-02-01T10:00:00Z"]),
    ),
    max_size=6,
)


@given(lines=LINES, limit=st.integers(1, 40), most=st.integers(1, 5))
def test_split_lines_join_to_the_lines_or_are_refused(lines: list[str], limit: int, most: int) -> None:
    texts = split_lines(lines, limit, most)
    if texts is None:
        longest = max(map(len, lines), default=0)
        assert longest > limit or sum(map(len, lines)) + len(lines) > limit
        return
    assert "\n".join(texts) == "\n".join(lines)
    assert len(texts) <= most
    assert all(len(text) <= limit for text in texts)


def _expected(rows: list[tuple[str, str, str]], patient: str) -> str:
    """Say which plan is active by the words of the manual."""
    moments = {"": 0, "2026-01-01T10:00:00Z": 1, "2026-01-01T11:00:00+01:00": 1, "2026-02-01T10:00:00Z": 2}
    own = [(n, *row[1:]) for n, row in enumerate(rows, 1) if row[0] == patient and row[1] in RANK]
    best = min(own, key=lambda one: (RANK[one[1]], -moments[one[2]], -one[0]), default=None)
    return str(best[0]) if best else ""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS, seed=st.integers(0, 1_000))
def test_the_active_plan_does_not_depend_on_the_order_of_rows(
    rows: list[tuple[str, str, str]], seed: int
) -> None:
    plans = [f"{n},{patient},{status},{at}" for n, (patient, status, at) in enumerate(rows, 1)]
    random.Random(seed).shuffle(plans)
    text = "\n".join(["planId,patientId,status,createdAt", *plans]) + "\n"
    folder = Path(tempfile.mkdtemp())
    try:
        write_export(folder / "export", {**FILES, "treatment_plans": text})
        source = open_bundle(folder / "export", scratch=folder)
        snapshot = stage(source, folder / "snapshots")
        source.close()
        found = {r.key.id: r.facts.get("plan_key", "") for r in snapshot.read("patients", ["1", "2"])}
        active = {r.key.id for r in snapshot.read("treatment_plans") if r.facts["active"]}
        snapshot.close()
    finally:
        shutil.rmtree(folder)
    expected = {patient: _expected(rows, patient) for patient in ("1", "2")}
    assert found == expected
    assert active == {key for key in expected.values() if key}
