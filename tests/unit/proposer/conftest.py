"""The ground that proposals stand on, with parts of it changed."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from proposer_world import OWN, destination_catalog, filling, source_catalog
from wherry.mapping.proposer.stream import Ground
from wherry.model.catalog import Catalog, Field


@pytest.fixture
def ground() -> Callable[..., Ground]:
    def make(own: tuple[Field, ...] = OWN, destination: Catalog | None = None, **more: object) -> Ground:
        basis = Ground(
            source=source_catalog(own),
            destination=destination or destination_catalog(),
            filling=filling,
        )
        return replace(basis, **more)  # type: ignore[arg-type]  # the tests name real fields

    return make
