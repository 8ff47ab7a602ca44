"""How is text embedded by a server that speaks OpenAI's dialect: OpenAI, Ollama, vLLM, llama.cpp?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from ..errors import EmbeddingError
from ..settings import setting
from .wordllama import cleaned

if TYPE_CHECKING:
    import httpx2
    import numpy as np
    from numpy.typing import NDArray

MODEL: Final = "text-embedding-3-small"
_DIMENSIONS: Final = {
    "text-embedding-ada-002": 1536,
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
}
_BATCH: Final = 64
_ATTEMPTS: Final = 4
_SECONDS: Final = 30.0


class RemoteEmbedder:
    """A model behind `POST {base_url}/embeddings`. Its dimension, where it is not known, is asked for once."""

    def __init__(
        self,
        model: str = MODEL,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        dimension: int | None = None,
        transport: httpx2.BaseTransport | None = None,
        wait: float = 0.5,
    ) -> None:
        self.model = model
        self.base_url = (setting("embedding_base_url", base_url) or "").rstrip("/")
        self.model_id = f"openai:{model}"
        self._key = setting("embedding_api_key", api_key)
        self._dimension = dimension or _DIMENSIONS.get(model)
        self._transport, self._wait = transport, wait
        self._client: httpx2.Client | None = None

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        if self._dimension is None:
            self._dimension = len(self._asked(["dimension"])[0])
        return self._dimension

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One float32 row of length one for each text; zeros for an empty one, which is not sent."""
        import numpy as np

        clean = [cleaned(text) for text in texts]
        there = [place for place, text in enumerate(clean) if text]
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for start in range(0, len(there), _BATCH):
            batch = there[start : start + _BATCH]
            found = self._asked([clean[place] for place in batch])
            if any(len(vector) != self.dimension for vector in found):
                raise EmbeddingError(
                    f"{self.model} at {self.base_url} gave vectors of {len(found[0])} numbers where {self.dimension} "
                    f"were expected; give RemoteEmbedder(..., dimension={len(found[0])})"
                )
            rows[batch] = np.asarray(found, np.float32)
        rows[~np.isfinite(rows).all(axis=1)] = 0.0
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        np.divide(rows, lengths, out=rows, where=lengths > 0)
        return rows

    def _asked(self, texts: list[str]) -> list[list[float]]:
        import tenacity

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            wait=tenacity.wait_exponential(multiplier=self._wait, max=8),
            retry=tenacity.retry_if_exception_type(_Later),
            reraise=True,
        )
        return retrying(self._once, texts)

    def _once(self, texts: list[str]) -> list[list[float]]:
        import httpx2

        if self._client is None:
            headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
            self._client = httpx2.Client(headers=headers, timeout=_SECONDS, transport=self._transport)
        where = f"{self.model} at {self.base_url}"
        try:
            answer = self._client.post(
                f"{self.base_url}/embeddings",
                json={"model": self.model, "input": texts, "encoding_format": "float"},
            )
        except httpx2.TransportError as error:
            raise _Later(f"{where} could not be reached: {type(error).__name__}: {error}") from error
        if answer.status_code == 429 or answer.status_code >= 500:
            raise _Later(f"{where} answered {answer.status_code}: {answer.text[:200]}")
        if answer.status_code in (401, 403):
            raise EmbeddingError(
                f"{where} refused the key ({answer.status_code}). Set TURNGRAPH_EMBEDDING_API_KEY or OPENAI_API_KEY; "
                f"another server: TURNGRAPH_EMBEDDING_BASE_URL"
            )
        if answer.status_code != 200:
            raise EmbeddingError(f"{where} answered {answer.status_code}: {answer.text[:200]}")
        return _vectors(answer, len(texts), where)


class _Later(EmbeddingError):
    """The server may answer if it is asked again."""


def _vectors(answer: Any, count: int, where: str) -> list[list[float]]:
    try:
        data = answer.json()["data"]
        found = {
            int(entry.get("index", place)): list(map(float, entry["embedding"]))
            for place, entry in enumerate(data)
        }
        return [found[place] for place in range(count)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EmbeddingError(
            f"{where} answered with something else than {count} embeddings in OpenAI's form: {answer.text[:200]}"
        ) from error
