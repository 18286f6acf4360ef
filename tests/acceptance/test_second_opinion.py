"""The main job, verb by verb as processes, against an API read from the documentation by somebody stricter.

Two configurations lie as far apart as the documentation allows; the odd cases of the example clinic go through
each. The whole matrix, with all patients, is behind the `soak` marker.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from clinic_journey import make_bundle, slim
from second_opinion.choices import WAYS
from second_opinion.whole_job import whole_job


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a clinic with 120 patients."""
    out = tmp_path_factory.mktemp("clinic")
    make_bundle(out)
    return out / "bundle"


@pytest.fixture(scope="module")
def few(clinic: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its odd cases."""
    return slim(clinic, tmp_path_factory.mktemp("few") / "bundle")


@pytest.mark.timeout(900)  # a minute and a half alone, several on a machine that is shared
def test_the_main_job_ends_well_on_the_strictest_readings(few: Path, tmp_path: Path) -> None:
    def run(name: str) -> Any:
        return whole_job(name, tmp_path / name, few, killed_after=30, lag=0.5, job_seconds=0.5)

    # Most of the time is waiting for jobs and for search to catch up: the two run side by side.
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(run, ("grudging", "numbered")))
    assert all(one["total"] > 500 for one in counts)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", WAYS)
def test_the_main_job_ends_well_in_every_configuration(name: str, clinic: Path, tmp_path: Path) -> None:
    whole_job(name, tmp_path / "ws", clinic, killed_after=150)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_quota_that_is_met_is_waited_for(few: Path, tmp_path: Path) -> None:
    counts = whole_job("plain", tmp_path / "ws", few, killed_after=30, per_hour=3_000, per_minute=120)
    assert counts["most_a_minute"] > 100
