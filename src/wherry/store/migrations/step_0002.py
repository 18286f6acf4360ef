"""Leases: which workers carry a run out, and until when."""

STATEMENTS = (
    """
CREATE TABLE leases (
    worker {text} NOT NULL,
    run {text} NOT NULL,
    role {text} NOT NULL,
    place {text} NOT NULL,
    until {float} NOT NULL,
    PRIMARY KEY (worker)
)
    """,
)
