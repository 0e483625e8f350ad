"""A channel: one writes, many read."""

from pipit.demo.story.telling import Conversation

LIBRARY = Conversation(
    kind="channel",
    title="Harbour Library",
    note="New books, readings, opening hours. Open Tuesday to Saturday, ten to six.",
    emblem="book",
    tags=("harbour-library", "library", "books"),
    members=("noor", "amina"),
    readers=("freya", "elin", "ingrid", "priya", "mei", "jonas"),
    unread={"freya": 1, "elin": 2, "priya": 1, "jonas": 3},
    script="""
@ 4 tue 09:30
noor: Good morning! The library has a channel now. One or two messages a week, and never about
    overdue books: those we tell you in person, in a whisper.
@ 4 thu 16:00
noor: New on the shelf by the window: sea stories from eleven coasts, two cookbooks that fight
    each other, and a very thick one about lichen.
@ 3 wed 11:15
noor: Reading hour for small ones moves to Fridays at four. The bear stays the same bear.
@ 3 sat 12:40
noor: Somebody returned a book borrowed in 1988, with a postcard and a jar of plum jam. We have
    decided that the fee is paid.
@ 2 thu 10:05
noor [harbour]: The roof terrace is open again. Take your book up, mind the gulls, they read
    over your shoulder.
@ 1 tue 15:20
noor: Night of the moths: on Friday at nine we hang a lamp and a white sheet on the terrace and
    see who comes. With counts by two young researchers of Alder School.
@ 1 sat 17:30
noor: 46 visitors with two legs, 31 with six. Thank you all! The table with the counts hangs by
    the stairs.
@ 180 minutes ago
noor: Harbour festival on Sunday: our stand is number 3, with Ingrid's cakes. The library itself
    is closed that day.
""",
)
