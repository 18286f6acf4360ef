"""What a user is told where the sentence model is not there."""

import logging

from wherry.mapping.proposer.semantic import missing

_LOG = logging.getLogger("wherry.match")


def warn_without_model() -> None:
    """Say on stderr that headers are compared by words and spelling alone, why, and what to do about it."""
    if why := missing():
        _LOG.warning(
            "headers are not compared by meaning: %s; pip install 'wherry[semantic]' adds that, offline",
            why,
            extra={"action": "match_without_model"},
        )
