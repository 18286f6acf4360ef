"""Sealing: with which key, and whether it was destroyed."""

STATEMENTS = (
    """
CREATE TABLE seal (
    id INTEGER NOT NULL,
    key_id {text} NOT NULL,
    wrapped {bytes},
    purge_began {text} NOT NULL,
    purge_ended {text} NOT NULL,
    PRIMARY KEY (id)
)
    """,
)
