"""The group of a school class."""

from pipit.demo.story.telling import Conversation

SCHOOL = Conversation(
    kind="group",
    title="Class 7b",
    note="Homework, trips, lost scarves. Be kind; Ms Diallo reads along until 18:00.",
    emblem="pencil",
    tags=("alder-school", "7b"),
    members=("amina", "freya", "omar", "priya", "luca", "sofia"),
    unread={"freya": 4, "sofia": 9, "amina": 2},
    script="""
@ 3 mon 15:02
amina: Good afternoon, 7b. This is our class group now: no numbers to swap, nothing leaves the
    school's own little box in the staff room.
amina: House rules: kind words, no messages after nine, and the answer to "is it in the test" is
    always yes.
sofia: first!!
omar: second, the best
  | (my uncle says so about trains)
priya: Third. Is this in the test?
amina > priya: Yes.
luca: 😂
freya: hello everybody
@ 3 tue 16:31
omar: Which page was the maths
priya: 42
freya: 42 and 43, only the odd ones
luca: why are odd ones always the hard ones
amina > luca: Because the even ones have their answers at the back.
luca: ...
sofia: he looked. I saw him looking
@ 3 thu 14:20
amina: For the science fair in three weeks: groups of two or three, one question, one
    experiment, one poster. Tell me your question by Monday.
priya: Freya and I: which lamp do moths like best?
amina: Lovely. Mind the lamp's heat, and let every one of them go again.
omar: Luca and me: does tyre pressure change how far you roll
luca: we already know it does. the question is HOW MUCH
sofia: can I do one about whether singing to beans helps
amina > sofia: If you also have beans that nobody sings to.
sofia: poor beans
freya: I can talk to them about maths, that is like nothing at all
amina: I heard that, Freya.
@ 2 mon 17:45
priya: Night one: 11 moths at the warm bulb, 3 at the cold one, 0 at Freya's phone
freya [moth]: and THIS one sat on the window the whole time, choosing nobody
sofia: it is pink
omar: it is dressed for a wedding
freya: elephant hawk-moth. I looked it up. they drink nectar while flying
luca: respect
amina > freya: Beautiful. Note the time and the temperature with each count, please.
priya: 21:10 and 14 degrees, already in the table
amina: Of course they are.
@ 2 wed 15:55
luca: has anybody seen a grey scarf. not mine. my nonna's
omar: you came to school in your nonna's scarf?
luca: it was COLD
sofia: hangs on the hook next to the music room since last week
luca: sofia you are a hero
@ 2 fri 13:12
amina: The trip: Thursday next week, ferry at 9:05 from the old pier. Bring lunch, a rain
    jacket, and whoever you sit next to.
omar: how long is the ferry
amina: Twenty-five minutes.
omar: I meant in metres
amina > omar: Then that is your task for Thursday.
priya: My mother asks whether they need to sign anything.
amina: The sheet I gave out yesterday. Blue paper.
freya: found mine in the bread bag. do not ask
@ 1 tue 16:08
sofia: singing beans: 14 cm. silent beans: 13 cm. VICTORY
priya: That is one centimetre.
sofia: one centimetre of LOVE
sofia [seedlings]: evidence. left two had opera
luca: third one is clearly winning and it is a silent one
sofia > luca: third one overheard
amina: Sofía has just discovered why scientists repeat their experiments.
@ 1 thu 18:20
omar: the ferry is 31 metres. I paced it twice, a man with a rope helped
amina > omar: Excellent. How long is your pace?
omar: oh no
luca: hahahaha
freya: best day. I still smell like seaweed
sofia: I was NOT seasick, I was thinking
priya: You were thinking very green.
@ 1 fri 15:30
amina: Science fair: next week, posters up by eight on the day. Parents are welcome from four.
    @Luca please bring the pump, not the whole bicycle.
luca: but the bicycle is the experiment
amina: Then the smallest bicycle you can find.
@ 95 minutes ago
amina: Timetable for tomorrow: maths and music have swapped.
priya: Then I do not need the big book?
amina = Timetable for tomorrow: maths and music have swapped, so bring the big book for the
    second lesson.
priya: Thank you!
omar: does anyone have a spare poster, ours got rolled over
sofia: rolled over by WHAT
luca > sofia: the experiment
freya: I have half a roll of the thick paper, you can have it
omar: freya you save us, again
@ 20 minutes ago
priya: @Freya table is done, 9 nights, 74 moths. Can you draw the lamp tonight?
luca: 74!!
sofia: name one of them after me
omar: sofia the moth. flies into lamps and shouts
""",
)
