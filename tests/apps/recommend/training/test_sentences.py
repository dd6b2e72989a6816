"""A sentence model from a folder: a tiny one that is made here, whose vectors are known."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from django.test import override_settings
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

from apps.recommend.training import sentences
from apps.recommend.training.sentences import embed_if_wanted, embed_texts, find_sentence_model, load_sentence_model
from specrec.kernel.errors import Invalid, Unavailable

WORDS = {"[PAD]": 0, "[UNK]": 1, "round": 2, "frame": 3, "lens": 4}
VECTORS = np.array([[9.0, 9.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]], dtype=np.float32)


def write_model(folder: Path, *, asks: str = "input_ids", pooled: bool = False) -> Path:
    """Write a model that says of each word its vector; `pooled` ones answer with that of the first alone."""
    tokenizer = Tokenizer(models.WordLevel(WORDS, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    nodes = [helper.make_node("Gather", ["vectors", asks], ["pieces"])]
    if pooled:
        nodes.append(helper.make_node("Gather", ["pieces", "first"], ["text"], axis=1))
    shape: list[str | int] = ["n", 2] if pooled else ["n", "length", 2]
    answer = "text" if pooled else "pieces"
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(asks, TensorProto.INT64, ["n", "length"])],
        [helper.make_tensor_value_info(answer, TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(VECTORS, "vectors"), numpy_helper.from_array(np.array(0), "first")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(folder / "model.onnx"))
    return folder


class TestLoadSentenceModel:
    def test_says_which_file_is_missing(self, tmp_path: Path) -> None:
        write_model(tmp_path)
        (tmp_path / "tokenizer.json").unlink()
        with pytest.raises(Invalid, match=r"tokenizer\.json: there is no such file") as raised:
            load_sentence_model(tmp_path)
        assert (raised.value.code, raised.value.field) == ("bad_sentence_model", "SPECREC_SENTENCE_MODEL")

    def test_a_file_that_is_no_model(self, tmp_path: Path) -> None:
        write_model(tmp_path)
        (tmp_path / "model.onnx").write_bytes(b"not a model")
        with pytest.raises(Invalid, match=r"model\.onnx"):
            load_sentence_model(tmp_path)

    def test_a_file_that_is_no_tokenizer(self, tmp_path: Path) -> None:
        write_model(tmp_path)
        (tmp_path / "tokenizer.json").write_text("{}")
        with pytest.raises(Invalid, match=r"tokenizer\.json"):
            load_sentence_model(tmp_path)

    def test_a_model_that_asks_for_more_than_texts(self, tmp_path: Path) -> None:
        with pytest.raises(Invalid, match="it asks for pixels"):
            load_sentence_model(write_model(tmp_path, asks="pixels"))

    def test_a_pooling_that_cannot_be_read(self, tmp_path: Path) -> None:
        write_model(tmp_path)
        (tmp_path / "1_Pooling").mkdir()
        (tmp_path / "1_Pooling" / "config.json").write_text("[")
        with pytest.raises(Invalid, match="1_Pooling"):
            load_sentence_model(tmp_path)

    def test_without_the_extra_says_how_to_install_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sentences, "onnxruntime", None)
        with pytest.raises(Unavailable, match=r"specrec\[sentences\]") as raised:
            load_sentence_model(tmp_path)
        assert (raised.value.code, raised.value.permanent) == ("extra_missing", True)


class TestEmbedTexts:
    def test_the_mean_of_the_words_at_length_one(self, tmp_path: Path) -> None:
        made = embed_texts(load_sentence_model(write_model(tmp_path)), ["round frame", "lens"])
        assert made.dtype == np.float32
        assert np.allclose(made, [[0.5**0.5, 0.5**0.5], [-1.0, 0.0]])

    def test_the_filling_of_shorter_texts_says_nothing(self, tmp_path: Path) -> None:
        model = load_sentence_model(write_model(tmp_path))
        beside, alone = embed_texts(model, ["frame", "lens lens lens"])[0], embed_texts(model, ["frame"])[0]
        assert beside.tolist() == alone.tolist() == [0.0, 1.0]

    def test_texts_keep_their_order_over_batches(self, tmp_path: Path) -> None:
        model = load_sentence_model(write_model(tmp_path))
        made = embed_texts(model, ["frame frame frame", "lens", "round round", "frame"], batch=2)
        assert made.tolist() == [[0.0, 1.0], [-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]

    def test_an_empty_text_and_one_without_a_known_word_are_zeros(self, tmp_path: Path) -> None:
        made = embed_texts(load_sentence_model(write_model(tmp_path)), ["round", "  ", "mystery"])
        assert made.tolist() == [[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]

    def test_no_texts(self, tmp_path: Path) -> None:
        assert embed_texts(load_sentence_model(write_model(tmp_path)), []).shape == (0, 0)

    def test_only_the_first_pieces_of_a_long_text(self, tmp_path: Path) -> None:
        made = embed_texts(load_sentence_model(write_model(tmp_path), max_pieces=1), ["lens frame frame"])
        assert made.tolist() == [[-1.0, 0.0]]

    def test_a_model_that_pools_itself(self, tmp_path: Path) -> None:
        made = embed_texts(load_sentence_model(write_model(tmp_path, pooled=True)), ["frame lens", "lens"])
        assert made.tolist() == [[0.0, 1.0], [-1.0, 0.0]]

    def test_a_folder_that_says_the_first_piece_counts(self, tmp_path: Path) -> None:
        write_model(tmp_path)
        (tmp_path / "1_Pooling").mkdir()
        (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True, "more": 1}))
        assert embed_texts(load_sentence_model(tmp_path), ["frame lens"]).tolist() == [[0.0, 1.0]]


class TestFindSentenceModel:
    @override_settings(SENTENCE_MODEL="")
    def test_none_where_none_is_named(self) -> None:
        assert find_sentence_model() is None

    def test_the_one_of_the_setting(self, tmp_path: Path) -> None:
        with override_settings(SENTENCE_MODEL=str(write_model(tmp_path))):
            found = find_sentence_model()
        assert found is not None
        assert embed_texts(found, ["round"]).tolist() == [[1.0, 0.0]]


class TestEmbedIfWanted:
    def test_a_recipe_without_a_share_needs_no_model(self) -> None:
        assert embed_if_wanted(["round"], share=0.0) is None

    def test_a_recipe_with_a_share_has_the_vectors(self, tmp_path: Path) -> None:
        with override_settings(SENTENCE_MODEL=str(write_model(tmp_path))):
            made = embed_if_wanted(["round", "frame"], share=0.5)
        assert made is not None
        assert made.tolist() == [[1.0, 0.0], [0.0, 1.0]]

    @override_settings(SENTENCE_MODEL="")
    def test_a_share_without_a_model_says_what_to_do(self) -> None:
        with pytest.raises(Invalid, match="SPECREC_SENTENCE_MODEL") as raised:
            embed_if_wanted(["round"], share=0.5)
        assert (raised.value.code, raised.value.field) == ("no_sentence_model", "content.sentence_share")
