"""The ground that proposals stand on, with parts of it changed."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from proposer_world import OWN, destination_catalog, filling, source_catalog
from wherry.mapping.proposer import semantic
from wherry.mapping.proposer.lexicon import combiner
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


@pytest.fixture
def without_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Wherry without `wherry[semantic]`."""
    monkeypatch.setattr(semantic, "missing", lambda: "the model is not installed")
    combiner.cache_clear()
    yield
    combiner.cache_clear()
