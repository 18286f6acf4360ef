"""The source's records as they were at one moment: typed, immutable, each with one fate."""

from wherry.staging.build import stage
from wherry.staging.changes import Change, ChangeKind, compare
from wherry.staging.snapshot import ParquetSnapshot

__all__ = ["Change", "ChangeKind", "ParquetSnapshot", "compare", "stage"]
