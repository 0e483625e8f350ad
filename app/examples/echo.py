"""A bot that says what it is told, and rolls dice."""

import os
import random

from pipit.sdk import Bot, Incoming

bot = Bot(os.environ["BOT_URL"], os.environ["BOT_LOGIN"], os.environ["BOT_PASSWORD"])


@bot.command("roll")
async def roll(message: Incoming) -> None:
    """/roll: a number from 1 to 6"""
    await message.reply(str(random.randint(1, 6)))  # noqa: S311  # a game, no secret


@bot.on_message
async def echo(message: Incoming) -> None:
    await message.reply(message.text)


if __name__ == "__main__":
    bot.run()
