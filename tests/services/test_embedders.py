"""Do the other embedders keep to the protocol, are they chosen by name, and do they say how a failure is mended?"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from turngraph.services import (
    Embedder,
    EmbeddingError,
    MiniLmEmbedder,
    RemoteEmbedder,
    SettingError,
    WordLlamaEmbedder,
    default_embedder,
    embedder_named,
)


@pytest.fixture(scope="module")
def minilm() -> MiniLmEmbedder:
    pytest.importorskip("onnxruntime", reason="expected: the extra minilm is not installed")
    return MiniLmEmbedder()


def test_minilm_keeps_to_the_protocol(minilm: MiniLmEmbedder) -> None:
    assert isinstance(minilm, Embedder)
    rows = minilm.embed(["My dog is called Biscuit", "", " \n", "\x00", "😀", "a " * 50_000])
    assert rows.shape == (6, 384) and rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), [1, 0, 0, 0, 1, 1], atol=1e-5)
    assert minilm.embed([]).shape == (0, 384)


def test_minilm_finds_a_paraphrase(minilm: MiniLmEmbedder) -> None:
    said = minilm.embed(["I adopted a puppy", "The train was late", "He plays the cello", "Rents rise"])
    assert int(np.argmax(said @ minilm.embed(["new pet"])[0])) == 0


def test_minilm_gives_each_text_its_own_row(minilm: MiniLmEmbedder) -> None:
    texts = [f"text {n} " + "word " * (n * 7 % 40) for n in range(40)]
    alone = np.concatenate([minilm.embed([text]) for text in texts])
    assert (np.sum(minilm.embed(texts) * alone, axis=1) > 0.97).all()


def test_without_its_extra_minilm_says_how_to_get_it() -> None:
    script = (
        "import sys; sys.modules['onnxruntime'] = None\n"
        "from turngraph.services import EmbeddingError, MiniLmEmbedder\n"
        "try: MiniLmEmbedder().embed(['x'])\n"
        "except EmbeddingError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)
    assert 'pip install "turngraph[minilm]"' in done.stdout


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> pytest.MonkeyPatch:
    for name in ("TURNGRAPH_EMBEDDER", "TURNGRAPH_EMBEDDING_BASE_URL", "TURNGRAPH_EMBEDDING_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_KEY"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def test_an_embedder_is_chosen_by_name_or_by_the_setting(unset: pytest.MonkeyPatch) -> None:
    assert isinstance(default_embedder(), WordLlamaEmbedder)
    unset.setenv("TURNGRAPH_EMBEDDER", "minilm")
    assert isinstance(default_embedder(), MiniLmEmbedder)
    unset.setenv("TURNGRAPH_EMBEDDER", "openai:text-embedding-ada-002")
    remote = default_embedder()
    assert isinstance(remote, RemoteEmbedder)
    assert (remote.model_id, remote.dimension) == ("openai:text-embedding-ada-002", 1536)
    assert remote.base_url == "https://api.openai.com/v1"
    for name in ("minilmm", "wordllama:x", ""):
        with pytest.raises(SettingError, match="TURNGRAPH_EMBEDDER") as caught:
            embedder_named(name)
    with pytest.raises(SettingError, match="Did you mean 'minilm'") as caught:
        embedder_named("minilmm")
    assert "openai:MODEL" in str(caught.value)


def embeddings(*vectors: list[float], order: list[int] | None = None) -> bytes:
    data = [{"index": n, "embedding": vector} for n, vector in enumerate(vectors)]
    return json.dumps({"data": [data[n] for n in order or range(len(data))]}).encode()


def remote(url: str, **options: Any) -> RemoteEmbedder:
    return RemoteEmbedder("nomic", base_url=url + "/v1/", wait=0.001, **options)


def test_a_server_is_asked_in_openais_dialect(unset: pytest.MonkeyPatch, serve: Callable[..., Any]) -> None:
    server = serve((200, {}, embeddings([3.0, 4.0], [0.0, 2.0], order=[1, 0]), False))
    rows = remote(server.url, api_key="k-1", dimension=2).embed(["one", "  ", "two"])
    assert np.allclose(rows, [[0.6, 0.8], [0, 0], [0, 1]])
    (seen,) = server.seen
    assert seen.path == "/v1/embeddings" and seen.headers["authorization"] == "Bearer k-1"
    assert seen.body == {"model": "nomic", "input": ["one", "two"], "encoding_format": "float"}


def test_an_unknown_dimension_is_asked_for_once_and_no_key_is_sent_where_there_is_none(
    unset: pytest.MonkeyPatch, serve: Callable[..., Any]
) -> None:
    server = serve((200, {}, embeddings([1.0, 0.0, 0.0]), False))
    embedder = remote(server.url)
    assert embedder.dimension == embedder.dimension == 3
    assert embedder.embed(["x"]).shape == (1, 3) and len(server.seen) == 2
    assert "authorization" not in server.seen[0].headers


def test_what_passes_is_tried_again(unset: pytest.MonkeyPatch, serve: Callable[..., Any]) -> None:
    server = serve(
        (503, {}, b"busy", False), (429, {}, b"slower", False), (200, {}, embeddings([1.0, 0.0]), False)
    )
    assert remote(server.url, dimension=2).embed(["x"]).tolist() == [[1.0, 0.0]]
    assert len(server.seen) == 3


@pytest.mark.parametrize(
    ("answer", "said", "asked"),
    [
        ((401, {}, b"{}", False), "TURNGRAPH_EMBEDDING_API_KEY", 1),
        ((404, {}, b"no such model", False), "no such model", 1),
        ((500, {}, b"broken", False), "broken", 4),
        ((200, {}, b"<html>", False), "OpenAI's form", 1),
        ((200, {}, b'{"data": []}', False), "OpenAI's form", 1),
        ((200, {}, embeddings([1.0, 2.0, 3.0]), False), "dimension=3", 1),
    ],
)
def test_what_does_not_pass_is_said_with_its_mend(
    unset: pytest.MonkeyPatch, serve: Callable[..., Any], answer: Any, said: str, asked: int
) -> None:
    server = serve(answer)
    with pytest.raises(EmbeddingError, match=said) as caught:
        remote(server.url, dimension=2, api_key="k-secret").embed(["x"])
    assert len(server.seen) == asked and "k-secret" not in str(caught.value)


def test_a_server_that_is_not_there(unset: pytest.MonkeyPatch) -> None:
    with pytest.raises(EmbeddingError, match="could not be reached"):
        remote("http://127.0.0.1:9", dimension=2).embed(["x"])
