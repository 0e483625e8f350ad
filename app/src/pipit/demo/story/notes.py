"""Saved messages, which people write to themselves."""

from pipit.demo.story.telling import Conversation

NOTES = (
    Conversation(
        kind="notes",
        members=("freya",),
        script="""
@ 3 mon 20:02
freya: moth books: shelf M by the stairs, ask for the one with the torn back
@ 2 sun 21:15
freya: lamp list
  | warm bulb (desk)
  | cold bulb (hall, put it BACK)
  | phone at full brightness
  | candle, NOT allowed
@ 1 wed 16:40
freya: locker 31-7-19
@ 130 minutes ago
freya: poster: title on top, photo left, table right, draw the lamp in the middle. thank priya's
    mum for the sheet
""",
    ),
    Conversation(
        kind="notes",
        members=("jonas",),
        script="""
@ 3 sun 08:12
jonas: Rye 400, wheat 200, water 480, salt 12. Ten minutes less than last time.
@ 2 fri 22:30
jonas: Festival: 80 knots in two trays, 40 without nuts. Boxes from Kofi.
@ 1 sun 20:05
jonas: Elin's birthday: the blue bowl in the window on Rope Street. Do not let her walk past it.
""",
    ),
)
