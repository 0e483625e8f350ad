"""A language model for tests: a real HTTP server that speaks OpenAI's chat completions.

In a test, or as a process of its own, which prints `listening on http://127.0.0.1:40123/v1`:

    async with language_model() as llm:
        client = AsyncOpenAI(base_url=llm.url, api_key="test")

    .venv/bin/python -m tests.support.llm --port 0

The model's name says how it behaves:

| model | what it does |
|---|---|
| `echo` | answers `You said: <the last message>` |
| `tool` | calls the first tool, each parameter being the last message; told the result, it answers `The tool said: <result>`; without tools it answers as `echo` |
| `tool-always` | calls the first tool for ever |
| `slow` | answers as `echo`, a word every `SLOW_SECONDS` |
| `long` | answers with 2,000 words |
| `error-<code>` | HTTP status `<code>`, e.g. `error-500`, `error-429`, with an error in OpenAI's form |
| `hang` | takes the request and never answers |
| `hang-midway` | streams two words and then nothing |
| `cut` | streams two words and drops the connection |
| `malformed` | answers with status 200 and what is no JSON |
| `empty` | answers without text |

All others are unknown: 404. Each answers in one piece or, with `stream`, in server-sent events word
by word; with `stream_options.include_usage` the last event holds the usage. A token is a word here.
What was asked is kept in `LanguageModel.requests`, and told by GET /requests.

The form of requests and answers is that of OpenAI's API reference, "Chat completions".
"""  # noqa: E501

import argparse
import asyncio
import itertools
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiohttp import web

SLOW_SECONDS = 0.2
LONG_WORDS = 2000
MIDWAY = 2
"""Words that are sent before a stream stalls or ends."""

Body = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What a client asked. `key` is what it sent as `Authorization: Bearer <key>`."""

    key: str
    body: Body


@dataclass(frozen=True)
class Answer:
    """What the model says: text, or a call of a tool."""

    text: str = ""
    tool: str = ""
    arguments: str = ""

    @property
    def reason(self) -> str:
        return "tool_calls" if self.tool else "stop"

    @property
    def words(self) -> list[str]:
        """The text, or the tool's arguments, in the pieces in which they are streamed."""
        return re.findall(r"\s*\S+", self.arguments or self.text)


@dataclass
class LanguageModel:
    """A running server. `url` is the base URL for clients; `requests` what they asked so far."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)


@asynccontextmanager
async def language_model(port: int = 0) -> AsyncIterator[LanguageModel]:
    """A running language model on 127.0.0.1; port 0 takes a free one."""
    llm = LanguageModel()
    app = web.Application()
    app.router.add_get("/requests", partial(_requests, llm))
    app.router.add_get("/v1/models", _models)
    app.router.add_post("/v1/chat/completions", partial(_complete, llm))
    runner = web.AppRunner(app, shutdown_timeout=0.1)  # those that hang shall not hold it up
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        llm.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield llm
    finally:
        await runner.cleanup()


async def _requests(llm: LanguageModel, _: web.Request) -> web.Response:
    return _json([vars(one) for one in llm.requests])


async def _models(_: web.Request) -> web.Response:
    return _json({"object": "list", "data": [{"id": n, "object": "model"} for n in _TALKERS]})


async def _complete(llm: LanguageModel, request: web.Request) -> web.StreamResponse:
    body = await request.json()
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    llm.requests.append(Request(key, body))
    model = str(body.get("model"))
    if model == "hang":
        await asyncio.Event().wait()
    if found := re.fullmatch(r"error-(\d{3})", model):
        return _error(int(found[1]), "as the model's name asks")
    if model not in _TALKERS:
        return _error(404, f"The model `{model}` does not exist")
    answer = _TALKERS[model](body)
    if body.get("stream"):
        return await _stream(request, body, model, answer)
    return await _whole(request, body, model, answer)


async def _whole(request: web.Request, body: Body, model: str, answer: Answer) -> web.Response:
    if model == "malformed":
        return web.Response(text='{"choices": [{"mess', content_type="application/json")
    if model == "hang-midway":
        await asyncio.Event().wait()
    if model == "cut" and request.transport:
        request.transport.abort()
    if model == "slow":
        await asyncio.sleep(SLOW_SECONDS * len(answer.words))
    message: Body = {"role": "assistant", "content": answer.text or None}
    if answer.tool:
        message["tool_calls"] = [_call(answer, answer.arguments)]
    choice = {"index": 0, "message": message, "finish_reason": answer.reason}
    return _json(
        _envelope(model, "chat.completion") | {"choices": [choice], "usage": _usage(body, answer)}
    )


async def _stream(
    request: web.Request, body: Body, model: str, answer: Answer
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    envelope = _envelope(model, "chat.completion.chunk")
    for number, choices in enumerate(_deltas(answer)):
        if number > MIDWAY and model == "hang-midway":
            await asyncio.Event().wait()
        if number > MIDWAY and model == "cut" and request.transport:
            request.transport.abort()
            return response
        if model == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        if model == "malformed":
            await response.write(b'data: {"choices": [{"del\n\n')
        await response.write(_event(envelope | {"choices": choices}))
    if (body.get("stream_options") or {}).get("include_usage"):
        await response.write(_event(envelope | {"choices": [], "usage": _usage(body, answer)}))
    await response.write(b"data: [DONE]\n\n")
    return response


def _deltas(answer: Answer) -> list[list[Body]]:
    """The `choices` of each event: who speaks, the words, why it ends."""
    first: Body = {"role": "assistant", "content": None if answer.tool else ""}
    if answer.tool:
        first["tool_calls"] = [{"index": 0} | _call(answer, "")]
    deltas = [first, *(_piece(answer, word) for word in answer.words)]
    choices = [[{"index": 0, "delta": delta, "finish_reason": None}] for delta in deltas]
    return [*choices, [{"index": 0, "delta": {}, "finish_reason": answer.reason}]]


def _piece(answer: Answer, word: str) -> Body:
    if answer.tool:
        return {"tool_calls": [{"index": 0, "function": {"arguments": word}}]}
    return {"content": word}


def _call(answer: Answer, arguments: str) -> Body:
    function = {"name": answer.tool, "arguments": arguments}
    return {"id": f"call_{next(_numbers)}", "type": "function", "function": function}


_numbers = itertools.count(1)


def _envelope(model: str, kind: str) -> Body:
    name = f"chatcmpl-{next(_numbers)}"
    return {"id": name, "object": kind, "created": int(time.time()), "model": model}


def _usage(body: Body, answer: Answer) -> Body:
    asked = sum(len(_text(message).split()) for message in body.get("messages", []))
    said = len(answer.words)
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def _echo(body: Body) -> Answer:
    return Answer(f"You said: {_last(body)}")


def _tool(body: Body) -> Answer:
    if body["messages"][-1]["role"] == "tool":
        return Answer(f"The tool said: {_last(body)}")
    return _tool_always(body)


def _tool_always(body: Body) -> Answer:
    if not body.get("tools"):
        return _echo(body)
    function = body["tools"][0]["function"]
    wanted = function.get("parameters", {}).get("properties", {})
    return Answer(tool=function["name"], arguments=json.dumps(dict.fromkeys(wanted, _last(body))))


_TALKERS: dict[str, Callable[[Body], Answer]] = {
    "echo": _echo,
    "tool": _tool,
    "tool-always": _tool_always,
    "slow": _echo,
    "long": lambda _: Answer(" ".join(f"word{n}" for n in range(LONG_WORDS))),
    "hang-midway": _echo,
    "cut": _echo,
    "malformed": _echo,
    "empty": lambda _: Answer(),
}


def _last(body: Body) -> str:
    return _text(body["messages"][-1])


def _text(message: Body) -> str:
    """The text of a message, which may be in parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)


def _event(packet: Body) -> bytes:
    return f"data: {json.dumps(packet)}\n\n".encode()


def _error(code: int, message: str) -> web.Response:
    kind = "server_error" if code >= 500 else "invalid_request_error"
    about = {"message": message, "type": kind, "param": None, "code": None}
    return _json({"error": about}, code)


def _json(body: Any, code: int = 200) -> web.Response:
    return web.json_response(body, status=code)


async def _serve(port: int) -> None:
    async with language_model(port) as llm:
        print(f"listening on {llm.url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A language model for tests")
    parser.add_argument("--port", type=int, default=0, help="TCP port; 0 takes a free one")
    asyncio.run(_serve(parser.parse_args().port))
