"""Texts of items as vectors, by a sentence-embedding model that lies in a folder of this machine; nothing is fetched.

The folder holds `model.onnx` and `tokenizer.json`, as models are published for ONNX; `1_Pooling/config.json` is heeded
where it is there. Needs the extra `sentences`; without a folder in `SPECREC_SENTENCE_MODEL` nobody asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from apps.recommend.ml.sentences import Pooling, pool
from specrec.kernel.errors import Invalid, Unavailable

try:
    import onnxruntime
    from tokenizers import Tokenizer
except ImportError:  # they are in the extra `sentences`
    onnxruntime = None

_MODEL, _TOKENIZER = "model.onnx", "tokenizer.json"
_POOLING = Path("1_Pooling") / "config.json"
_GIVEN = ("input_ids", "attention_mask", "token_type_ids")
_PIECES, _POOLED = 3, 2  # dimensions of what a model may answer: a vector for each piece, or one for each text


@dataclass(frozen=True, slots=True)
class SentenceModel:
    """A loaded model. `asks`: the names of its inputs; `answers`: the name of the output that is read"""

    session: Any
    tokenizer: Any
    asks: tuple[str, ...]
    answers: str
    pooling: Pooling


class _PoolingConfig(msgspec.Struct):
    pooling_mode_cls_token: bool = False


def embed_if_wanted(texts: Sequence[str], *, share: float) -> NDArray[np.float32] | None:
    """Return the vectors of the texts where a recipe gives them a share, None where it gives them none.

    Raises Invalid where they have a share and the setting names no model, and what `load_sentence_model` raises.
    """
    if share <= 0.0:
        return None
    model = find_sentence_model()
    if model is None:
        raise Invalid(
            "The recipe gives sentences a share of the content, and no model makes vectors of them: set "
            "SPECREC_SENTENCE_MODEL to a folder with model.onnx and tokenizer.json, or content.sentence_share to 0.",
            code="no_sentence_model",
            field="content.sentence_share",
        )
    return embed_texts(model, texts)


def find_sentence_model() -> SentenceModel | None:
    """Return the model of the setting, None where there is none; raises what `load_sentence_model` raises."""
    return load_sentence_model(Path(settings.SENTENCE_MODEL)) if settings.SENTENCE_MODEL else None


def load_sentence_model(folder: Path, *, max_pieces: int = 256) -> SentenceModel:
    """Return the model of the folder; of longer texts the first `max_pieces` pieces are read.

    Raises Unavailable without the extra, Invalid where a file is missing or cannot be used.
    """
    if onnxruntime is None:
        raise Unavailable(
            "A sentence model needs the extra `sentences`: pip install 'specrec[sentences]'.",
            code="extra_missing",
            permanent=True,
        )
    for name in (_MODEL, _TOKENIZER):
        if not (folder / name).is_file():
            raise _bad(folder / name, "there is no such file")
    tokenizer = _load_tokenizer(folder / _TOKENIZER, max_pieces)
    session = _load_session(folder / _MODEL)
    asks = tuple(one.name for one in session.get_inputs())
    if not set(asks) <= set(_GIVEN):
        raise _bad(folder / _MODEL, f"it asks for {', '.join(sorted(asks))}; known are {', '.join(_GIVEN)}")
    answer = session.get_outputs()[0]
    if len(answer.shape) not in {_PIECES, _POOLED}:
        raise _bad(folder / _MODEL, "its first output is neither a vector for each piece nor one for each text")
    return SentenceModel(session, tokenizer, asks, answer.name, _pooling_of(folder / _POOLING))


def embed_texts(model: SentenceModel, texts: Sequence[str], *, batch: int = 32) -> NDArray[np.float32]:
    """Return unit vectors, float32 [texts, d]; an empty text is zeros. Texts of like length go together."""
    filled = [number for number, text in enumerate(texts) if text.strip()]
    filled.sort(key=lambda number: len(texts[number]))
    vectors: NDArray[np.float32] | None = None
    for start in range(0, len(filled), batch):
        rows = filled[start : start + batch]
        made = _embed(model, [texts[row] for row in rows])
        if vectors is None:
            vectors = np.zeros((len(texts), made.shape[1]), dtype=np.float32)
        vectors[rows] = made
    return np.zeros((len(texts), 0), dtype=np.float32) if vectors is None else vectors


def _embed(model: SentenceModel, texts: list[str]) -> NDArray[np.float32]:
    pieces = model.tokenizer.encode_batch(texts)
    given = {
        "input_ids": np.array([one.ids for one in pieces], dtype=np.int64),
        "attention_mask": np.array([one.attention_mask for one in pieces], dtype=np.int64),
        "token_type_ids": np.array([one.type_ids for one in pieces], dtype=np.int64),
    }
    answer = model.session.run([model.answers], {name: given[name] for name in model.asks})[0]
    if answer.ndim == _PIECES:
        return pool(answer, given["attention_mask"], model.pooling)
    return pool(answer[:, None], np.ones((len(answer), 1), dtype=np.int64))


def _load_tokenizer(path: Path, max_pieces: int) -> Any:
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library has no class of its own
        raise _bad(path, str(error)) from error
    padding = tokenizer.padding or {}
    tokenizer.enable_padding(pad_id=padding.get("pad_id", 0), pad_token=padding.get("pad_token", "[PAD]"))
    tokenizer.enable_truncation(max_pieces)
    return tokenizer


def _load_session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its classes are not public
        raise _bad(path, str(error).splitlines()[0]) from error


def _pooling_of(path: Path) -> Pooling:
    if not path.is_file():
        return Pooling.MEAN
    try:
        config = msgspec.json.decode(path.read_bytes(), type=_PoolingConfig)
    except msgspec.MsgspecError as error:
        raise _bad(path, str(error)) from error
    return Pooling.FIRST if config.pooling_mode_cls_token else Pooling.MEAN


def _bad(path: Path, reason: str) -> Invalid:
    return Invalid(
        f"The sentence model cannot be used: {path}: {reason}. "
        "SPECREC_SENTENCE_MODEL names a folder with model.onnx and tokenizer.json.",
        code="bad_sentence_model",
        field="SPECREC_SENTENCE_MODEL",
    )
