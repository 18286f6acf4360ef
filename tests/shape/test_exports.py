"""What a package offers to others is pinned: a change here is a decision, not an accident."""

from importlib import import_module

import pytest

EXPORTS = {
    "wherry.connectors.aerona": ["AeronaBundle", "FileOverrides", "Overrides", "connector", "open_bundle"],
    "wherry.connectors.bundle": ["AeronaBundle", "FileOverrides", "Overrides", "open_bundle"],
    "wherry.connectors.folder": ["CsvFolder", "connector"],
    "wherry.connectors.freshsales": ["Check", "FreshsalesDestination", "connector", "open_destination"],
    "wherry.staging": ["Change", "ChangeKind", "ParquetSnapshot", "compare", "stage"],
    "wherry.privacy": [
        *("AesSealer", "DataKey", "Destroyed", "KeyFile", "Sealer", "UNSEALED", "Unsealed"),
        *("as_text", "scratch_sealer", "unwrapped", "wrapped"),
    ],
    "wherry.store": ["Keys", "Store", "open_store"],
}


@pytest.mark.parametrize("package", sorted(EXPORTS))
def test_a_package_offers_exactly_this(package):
    module = import_module(package)
    assert sorted(module.__all__) == EXPORTS[package]
    for name in module.__all__:
        assert hasattr(module, name)


PORTS = {
    "Budget": {"learn", "take", "charge"},
    "Clock": {"now", "sleep"},
    "Destination": {"write", "submit", "progress", "bulk", "create_field", "create_module"},
    "DestinationReader": {"describe", "fetch", "fetch_children", "find", "scan"},
    "Ledger": {"approve", "begin", "enlist", "finish", "note_asked", "pending", "record", "states"},
    "Snapshot": {
        *("catalog", "counts", "digest", "facts", "fates", "findings"),
        *("read", "read_where", "value_profile"),
    },
    "Source": {"describe", "extract", "facts", "findings", "integrity", "open_document"},
}


@pytest.mark.parametrize("port", sorted(PORTS))
def test_a_port_asks_exactly_this(port):
    protocol = getattr(import_module("wherry.model.ports"), port)
    own = {name for name, value in vars(protocol).items() if not name.startswith("_") and value}
    assert own == PORTS[port]
