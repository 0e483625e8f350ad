"""What happens in the demo, conversation by conversation. The scripts' form: pipit.demo.script."""

from pipit.demo.story.bikes import BIKES
from pipit.demo.story.family import FAMILY
from pipit.demo.story.library import LIBRARY
from pipit.demo.story.notes import NOTES
from pipit.demo.story.pairs import PAIRS
from pipit.demo.story.school import SCHOOL
from pipit.demo.story.telling import Conversation

STORY: tuple[Conversation, ...] = (SCHOOL, BIKES, FAMILY, LIBRARY, *PAIRS, *NOTES)
