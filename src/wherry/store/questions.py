"""What a language model was asked, kept in the chain as hashes: which words went out can be proven later."""

from wherry.model.ledger import Asked, EntryState
from wherry.store.chain import Writer
from wherry.store.database import Transaction

_MODEL = 120  # characters of a model's name


def note_asked(tx: Transaction, asked: Asked, at: str) -> None:
    """Chain one question: its prompt's hash as what was sent, the answer's as what came of it."""
    writer = Writer(tx)
    state = EntryState.CONFIRMED if asked.answer_sha256 else EntryState.UNKNOWN
    writer.add(
        {
            "run": "",
            "digest": "",
            "operation_id": "",
            "state": str(state),
            "verb": "ask",
            "stream": asked.about,
            "payload_hash": asked.prompt_sha256,
            "after_hash": asked.answer_sha256,
            "approved_by": "",
            "at": at,
            "note": f"{asked.columns} columns, {asked.model[:_MODEL]}",
        }
    )
    writer.flush()
