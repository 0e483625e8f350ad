"""Asks the language model, by OpenAI's chat completions, in pieces as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import openai
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from pipit.config.modules import ChatAI
from pipit.modules.chatai.ledger import Use

if TYPE_CHECKING:
    from httpx2 import Request  # what openai sends with


class ModelFailed(Exception):
    """There is no answer; the message says why, to members."""


class Model:
    """The endpoint of the settings."""

    def __init__(self, settings: ChatAI) -> None:
        self._settings = settings
        self._client = openai.AsyncOpenAI(
            base_url=settings.endpoint,
            api_key=settings.api_key or "none",
            timeout=settings.timeout,
            max_retries=0,  # a request that is made again is one more of the ledger
            http_client=openai.DefaultAsyncHttpxClient(
                follow_redirects=False,  # what is said goes to the endpoint and nowhere else
                trust_env=False,
                event_hooks={"request": [_without_particulars]},
            ),
        )

    async def close(self) -> None:
        """Closes connections."""
        await self._client.close()

    async def answer(
        self, messages: list[ChatCompletionMessageParam], use: Use
    ) -> AsyncIterator[str]:
        """The answer in pieces; `use` is brought up to date. Raises ModelFailed.

        `use` comes with estimates of what goes out; they stay where the endpoint does not count.
        """
        try:
            stream = await self._client.chat.completions.create(
                model=self._settings.model,
                messages=messages,
                max_tokens=self._settings.answer_tokens or openai.omit,
                stream=True,
                stream_options={"include_usage": True},
            )
            use.bytes_out = len(stream.response.request.content)
            async with stream:
                async for chunk in stream:
                    use.bytes_in = stream.response.num_bytes_downloaded
                    piece = _taken(chunk, use)
                    if piece:
                        yield piece
        except openai.APITimeoutError:
            raise ModelFailed("it took too long") from None
        except openai.APIStatusError as error:
            use.bytes_out = len(error.request.content)
            use.bytes_in = len(error.response.content)
            raise ModelFailed(_reason(error)) from None
        except openai.APIConnectionError:
            raise ModelFailed("it cannot be reached") from None
        except (openai.OpenAIError, ValueError):  # ValueError: what came is no JSON
            raise ModelFailed("it answered nonsense") from None


def estimate(text: str) -> int:
    """About how many tokens a text has: four bytes of English make one, by OpenAI's own rule of
    thumb; and what a message has around it.
    """
    return len(text.encode()) // 4 + 4


async def _without_particulars(request: Request) -> None:
    """Takes out what the library tells of this machine: system, processor, Python's version."""
    for name in [name for name in request.headers if name.lower().startswith("x-stainless-")]:
        del request.headers[name]


def _taken(chunk: ChatCompletionChunk, use: Use) -> str:
    piece: Any = chunk.choices[0].delta.content if chunk.choices else None
    if chunk.usage:
        use.tokens_in = chunk.usage.prompt_tokens
        use.tokens_out = chunk.usage.completion_tokens
    elif piece:
        use.tokens_out += 1
    return piece or ""


def _reason(error: openai.APIStatusError) -> str:
    match error.status_code:
        case 401 | 403:
            return "it does not accept our key"
        case 404:
            return "it does not know the model"
        case 429:
            return "it is asked too much at the moment"
        case code if code >= 500:
            return f"it has a fault (error {code})"
        case code:
            return f"it refused the request (error {code})"
