"""The group of a family."""

from pipit.demo.story.telling import Conversation

FAMILY = Conversation(
    kind="group",
    title="The Lindqvists",
    note="Who cooks, who is home, who has the key",
    emblem="house",
    members=("jonas", "elin", "freya", "ingrid"),
    unread={"ingrid": 5, "elin": 2, "freya": 1},
    script="""
@ 5 sun 11:20
jonas: Now we have a group of our own. Mother, can you read this?
ingrid: yes
ingrid: how do i make it larger
freya: two fingers, like you pull a biscuit apart
ingrid: it works. i see all of you. jonas you need a haircut
jonas: I regret this already.
elin: I do not 😄
@ 4 wed 17:10
elin: Late shift, back at eleven. There is soup, the lid sticks.
freya: the lid won
jonas: I am home at half past five, leave the lid to me.
@ 4 sat 09:15
ingrid: the first tomatoes. come and fetch some before the snails do
freya: can we come today?
ingrid: of course. bring the basket back, and the boy from your class if he still eats so much
freya: omar ate ELEVEN pancakes last time
ingrid: twelve. i counted. a good boy
@ 4 sun 10:40
jonas [bread]: New flour. A bit dark, but it talks when you press it.
elin: It looks like a bear that fell asleep.
ingrid: in my day that was called burnt
jonas > ingrid: Caramelised, Mother.
ingrid: burnt
freya: I ate four slices so we can stop arguing
@ 3 thu 18:05
elin: Who has the bicycle key? The one with the fish.
freya: not me
jonas: On the nail, behind the calendar.
elin: It is not.
ingrid: it is here. freya left it in the tomato basket
freya: ...that is possible
@ 2 tue 20:45
freya: can I stay up until ten on mondays and wednesdays. for SCIENCE. the moths come late
jonas: Ask your mother.
elin: Ask your father.
freya: grandma?
ingrid: when i was your age i sat up with the bees. let the child
jonas: Overruled. Ten o'clock, with a jacket.
freya: 🎉
@ 2 sun 19:30
ingrid: who comes to the harbour festival? i have promised the library two cakes
jonas: We all do. I am at stand 14 with the bicycles, Freya helps at yours in the morning.
freya: do I?
jonas: You do since just now.
elin: I am free that day, for once. All day!
ingrid: then it will not rain
@ 1 wed 12:15
elin: Dentist for Freya moved to Friday, 15:40. I wrote it on the calendar, on the wall, on the
    hand.
freya: the hand was mine
@ 1 wed 19:02
jonas: Who finished the cinnamon?
elin: Nobody. It finished itself.
ingrid: i have a whole tin. come tomorrow
@ 1 fri 16:30
freya: no holes!! she says I brush "with conviction"
elin: Proud of your conviction.
jonas: Pancakes tonight, to test it.
@ 1 sat 21:10
ingrid: the small radio says storm on the coast. take in the chairs
jonas: Done. And the drum kit, by accident, it was on a chair.
freya: the drum kit LIVES on the chair
@ yesterday 17:50
elin: I swapped the shift. I can come to the science fair after all, from half past four.
freya: YES
jonas: Then all four of us. Mother, I fetch you at four.
ingrid: i will wear the good coat
ingrid: will there be moths
freya > ingrid: only on paper. they have all gone home
@ 40 minutes ago
elin: Rice or potatoes?
jonas: Rice. I am still at the fire station, home in half an hour.
elin: @Freya and you, what do you say?
freya: potatoes but I would accept rice
ingrid: potatoes
""",
)
