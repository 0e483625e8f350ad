"""An assistant: answers with a language model, which may use tools, word by word.

It works with every server that speaks OpenAI's chat completions, such as llama.cpp or Ollama:

    LLM_URL=http://127.0.0.1:11434/v1 LLM_MODEL=llama3.2 LLM_KEY=none

What is said to the bot goes to that server, and nothing else.
"""

import json
import logging
import os
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from openai import AsyncOpenAI, OpenAIError
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from pipit.sdk import Bot, Incoming

REMEMBERED = 20
"""Messages of a conversation that the model is told."""

MOST_ROUNDS = 5
"""Times that the model may ask for tools before it has to answer."""

RULES = "You are a helpful member of a chat. Answer briefly, in the language you are asked in."

bot = Bot(os.environ["BOT_URL"], os.environ["BOT_LOGIN"], os.environ["BOT_PASSWORD"])
llm = AsyncOpenAI(base_url=os.environ["LLM_URL"], api_key=os.environ["LLM_KEY"], timeout=60)
said: defaultdict[str, deque[ChatCompletionMessageParam]] = defaultdict(
    lambda: deque(maxlen=REMEMBERED)
)


def current_time(zone: str) -> str:
    """The time in a zone such as `Europe/Oslo`."""
    try:
        return datetime.now(ZoneInfo(zone)).isoformat(timespec="minutes")
    except (ValueError, KeyError):
        return f"{zone} is no time zone; they are named as Europe/Oslo"


TIME: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "current_time",
        "description": "The date and time in a time zone",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"zone": {"type": "string", "description": "such as Europe/Oslo"}},
            "required": ["zone"],
            "additionalProperties": False,
        },
    },
}


@bot.command("forget")
async def forget(message: Incoming) -> None:
    """/forget: begin anew"""
    said.pop(message.topic, None)
    await message.reply("Forgotten.")


@bot.on_message
async def answer(message: Incoming) -> None:
    heard = said[message.topic]
    heard.append({"role": "user", "content": message.text})
    try:
        async with message.typing():
            await message.stream(think(heard))
    except (OpenAIError, ValueError) as error:  # ValueError: no words, or none that are JSON
        logging.warning("The language model failed: %s", error)
        await message.reply("My language model does not answer. Please try again later.")


async def think(heard: deque[ChatCompletionMessageParam]) -> AsyncIterator[str]:
    """The model's words as they come; the tools it asks for are used on the way."""
    messages: list[ChatCompletionMessageParam] = [{"role": "system", "content": RULES}, *heard]
    for _ in range(MOST_ROUNDS):
        async with llm.chat.completions.stream(
            model=os.environ["LLM_MODEL"], messages=messages, tools=[TIME]
        ) as stream:
            async for event in stream:
                if event.type == "content.delta":
                    yield event.delta
            reply = (await stream.get_final_completion()).choices[0].message
        if not reply.tool_calls:
            heard.append({"role": "assistant", "content": reply.content})
            return
        asked = reply.model_dump(include={"role", "content", "tool_calls"}, exclude_none=True)
        messages.append(cast(ChatCompletionMessageParam, asked))
        messages += [used(call.id, call.function.arguments) for call in reply.tool_calls]
    yield "I could not find that out."


def used(call: str, arguments: str) -> ChatCompletionMessageParam:
    """What a tool says, for the model."""
    zone = json.loads(arguments).get("zone", "")
    return {"role": "tool", "tool_call_id": call, "content": current_time(str(zone))}


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    bot.run()
