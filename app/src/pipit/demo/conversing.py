"""A conversation of the story: its topic, its messages, how far everybody has read."""

from collections.abc import Sequence
from random import Random

import msgspec

from pipit.core import ids
from pipit.demo import script
from pipit.demo.cast import CAST
from pipit.demo.drafting import DRAFTY, Draft
from pipit.demo.pictures import picture
from pipit.demo.place import Place
from pipit.demo.script import Line
from pipit.demo.story.telling import Conversation
from pipit.demo.topics import topic
from pipit.store.records import FileRecord, FileUse, Mark, Message

MINUTE_MS = 60_000
LATELY = 60
"""Minutes since somebody was online whose device has received everything."""

PEOPLE = {person.login: person for person in CAST}


async def converse(place: Place, conversation: Conversation) -> None:
    """Adds it. Raises StoreError, OSError."""
    random = Random(f"{place.seed} {conversation.members}")  # noqa: S311  # moments, no secret
    lines = script.read(conversation.script, place.now, random)
    record, subs = topic(conversation, place.users, lines[0].at - MINUTE_MS)
    await place.store.create_topic(record, subs)
    drafts = [_draft(place, conversation, lines, line) for line in lines]
    uses = await _upload_pictures(place, record.name, lines, drafts)
    await place.appender.append(_messages(place, record.name, lines, drafts))
    await place.store.link_files(uses)
    await place.store.save_marks(_marks(place, conversation, record.name, lines))
    for line in lines:
        place.spoke[line.speaker] = max(line.at, place.spoke.get(line.speaker, 0))


def _draft(place: Place, conversation: Conversation, lines: Sequence[Line], line: Line) -> Draft:
    draft = Draft()
    if line.answers is not None:
        answered = lines[line.answers]
        name = PEOPLE[answered.speaker].name
        draft.quote(name, place.users[answered.speaker], answered.text)
    people = {PEOPLE[login].first_name: place.users[login] for login in conversation.members}
    draft.say(line.text, people)
    return draft


def _messages(
    place: Place, topic_name: str, lines: Sequence[Line], drafts: Sequence[Draft]
) -> list[Message]:
    messages = []
    for seq, (line, draft) in enumerate(zip(lines, drafts, strict=True), 1):
        head = dict(DRAFTY) if isinstance(draft.content, dict) else {}
        if line.answers is not None:
            head["reply"] = str(line.answers + 1)
        if line.edits is not None:
            head["replace"] = f":{line.edits + 1}"
        messages.append(
            Message(
                topic_name, seq, line.at, place.users[line.speaker],
                content=msgspec.json.encode(draft.content),
                head=msgspec.json.encode(head, order="sorted") if head else None,
            )
        )  # fmt: skip
    return messages


def _marks(
    place: Place, conversation: Conversation, topic_name: str, lines: Sequence[Line]
) -> list[Mark]:
    """Who writes has read what was said before."""
    marks = []
    for login in (*conversation.members, *conversation.readers):
        own = [seq for seq, line in enumerate(lines, 1) if line.speaker == login]
        read = max(len(lines) - conversation.unread.get(login, 0), *own, 0)
        received = len(lines) if PEOPLE[login].seen < LATELY else read
        marks.append(Mark(topic_name, place.users[login], read, received))
    return marks


async def _upload_pictures(
    place: Place, topic_name: str, lines: Sequence[Line], drafts: Sequence[Draft]
) -> list[FileUse]:
    """Stores the pictures of the conversation and puts them into the drafts."""
    uses = []
    for seq, (line, draft) in enumerate(zip(lines, drafts, strict=True), 1):
        if line.picture:
            drawn = picture(line.picture)
            file = ids.new_file_id()
            await _upload(
                place,
                FileRecord(
                    file,
                    place.users[line.speaker],
                    line.at,
                    len(drawn.png),
                    "image/png",
                    drawn.name,
                ),
                drawn.png,
            )
            draft.show(drawn, f"{ids.FILE_ADDRESS}{file}.png")
            uses.append(FileUse(file, topic_name, seq))
    return uses


async def _upload(place: Place, record: FileRecord, content: bytes) -> None:
    await place.store.save_file(record)
    async with place.files.receive() as incoming:
        await incoming.write(content)
        await place.files.keep(incoming, record.id)
