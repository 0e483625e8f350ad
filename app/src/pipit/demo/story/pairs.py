"""Chats of two."""

from pipit.demo.story.telling import Conversation

PAIRS = (
    Conversation(
        kind="chat",
        members=("freya", "priya"),
        unread={"freya": 2},
        script="""
@ 3 thu 16:02
freya: moths?
priya: Moths.
freya: my window or yours
priya: Yours. Mine looks at a street lamp, they would be confused.
freya: they ARE confused, that is the whole experiment
@ 2 mon 20:48
priya: I am outside. Your grandmother let me in and gave me cake, I cannot leave.
freya: that is how she catches people
priya: It works better than the warm bulb.
@ 2 mon 22:05
priya: Eleven! I thought we would get two.
freya: did you see the pink one
priya: I saw you see it. You screamed like a kettle.
freya: it was a SCIENTIFIC kettle
@ 2 sat 11:30
priya: Third chapter of the lighthouse book: the dog knows. I always read the last page first,
    so I know what the dog knows.
freya: do not tell me
priya: I tell nobody. It is lonely.
@ 1 fri 22:40
freya: 31 in one night!! and your mum holding the sheet like a superhero
priya: She wants to come again. She has bought a head torch.
freya: we have created something
priya: 🦋
@ yesterday 19:20
priya: I made the graph. Warm bulb wins with 61 of 74.
freya: and my phone?
priya: One. I think it was lost.
@ 18 minutes ago
priya: Did you see my message in the class group? We need the lamp drawing.
priya: And bring the torn book please, I want to cite it properly.
""",
    ),
    Conversation(
        kind="chat",
        members=("omar", "freya"),
        unread={"freya": 1},
        script="""
@ 3 sat 18:20
omar: tell your grandmother thank you
freya: for the pancakes
omar: for EVERYTHING. but mostly the pancakes
freya: she says twelve. she counted
omar: she is a fair referee
@ 2 wed 17:33
omar: chess tomorrow? I found a trap
freya: you told me about the trap last time. during the trap
omar: this one is quieter
@ 1 thu 20:10
omar: you know how long my pace is? 74 cm. I measured with my mum's tape
freya: and the ferry was
omar: 42 paces. so it is 31 metres and 8 centimetres. HA
freya: omar that is really good
omar: I know. tell nobody, I have a reputation
@ 1 sun 15:12
omar: did not sleep. the goal is too big
freya: you stopped four
omar: and let in five
freya: four is still four
omar: ok. yes. thanks
@ 12 minutes ago
omar: can I get the thick paper before school? I bring a croissant
""",
    ),
    Conversation(
        kind="chat",
        members=("jonas", "elin"),
        unread={"jonas": 1},
        script="""
@ 3 tue 13:02
elin: Can you fetch Freya from drums? I am held up here.
jonas: Yes. Do I take the bicycle or the car?
elin: The drums have opinions about bicycles.
jonas: Car, then.
@ 2 wed 23:20
elin: On my way. Full moon over the harbour, look out of the window.
jonas [harbour]: This was four hours ago, from the pier. Yours is surely better.
elin: Mine has no colours but it has a hedgehog.
@ 2 sat 12:15
jonas: Did you know your daughter has a table with temperatures in it?
elin: Our daughter, when she has tables. Yours, when she has drums.
@ 1 mon 18:40
elin: Did you call the heating people?
jonas: Tomorrow at eight.
elin: You said that about yesterday.
jonas: Yesterday they were closed. I have proof.
@ 1 tue 08:25
jonas: Called. Thursday between eight and twelve.
elin: My hero of the telephone.
@ yesterday 16:35
elin: I asked Marta to swap with me. I shall be at the science fair!
jonas: She will burst. Tell her yourself, in the family group.
@ 34 minutes ago
elin: And buy cinnamon. The tin of your mother's is for cakes, she says, not for us.
""",
    ),
    Conversation(
        kind="chat",
        members=("ingrid", "freya"),
        script="""
@ 5 sun 12:01
ingrid: hello freya. is this the place where only you can read
freya: yes grandma. only you and me
ingrid: good. your father needs a haircut
freya: 😂 you said that in the other one already
ingrid: it is still true
@ 3 thu 18:31
ingrid: the key is on my kitchen table next to the glasses
freya: next to your glasses? then how did you see it
ingrid: i have two pairs. do not be clever before supper
@ 2 tue 21:02
freya: thank you for the thing with the moths 💛
ingrid: they were bees, really it was one bee and i was afraid of it. but you need not tell them
@ 1 sat 08:50
ingrid: i have counted too. last night at my kitchen window, from nine to ten, four small ones
    and one big
freya: GRANDMA. what colour was the lamp
ingrid: yellow. the temperature was thirteen. the big one looked like bark
freya: you are in the table now. night seven, guest researcher
ingrid: put it under l for lindqvist
""",
    ),
    Conversation(
        kind="chat",
        members=("luca", "omar"),
        unread={"omar": 2},
        script="""
@ 3 fri 16:10
luca: 2 bar: 38 metres. 4 bar: 55 metres. 6 bar: 61 metres and a hedge
omar: the hedge should be in the poster
luca: the hedge is in my hair
@ 2 tue 16:45
omar: we have to measure each three times, ms diallo said
luca: even the hedge?
omar: ESPECIALLY the hedge
@ 2 sun 14:20
luca: done. nine runs. average and everything. my legs are noodles
omar: I wrote it down while eating a noodle. so we are a team
@ 1 sat 15:40
luca: I RODE THE BLUE ONE HOME
omar: the one from the scrap??
luca: tomasz said scrap to street. it has new pedals from a tandem
omar: can I sit on the back
luca: it has no back
@ 26 minutes ago
luca: I said we do a poster for the bike kitchen too. you draw better
luca: there is cake
""",
    ),
    Conversation(
        kind="chat",
        members=("mei", "kofi"),
        unread={"kofi": 2},
        script="""
@ 4 thu 20:30
mei: Choir on Tuesday: they want the fast one again.
kofi: The fast one is not fast. We are slow.
mei: Tell that to the altos, I stand between them.
@ 3 tue 22:02
kofi: I have timed it: three minutes forty. Last year three fifty-two.
mei: Kofi. Did you count during the solemn part?
kofi: Quietly.
@ 2 fri 18:15
mei: The 9:12 to Northsea, does it still stop at the mill?
kofi: Only Sundays, and on request. You raise one arm. Both arms means danger.
mei: What would I do without you.
kofi: Walk, from the mill.
@ 1 mon 21:10
mei: A piano stool.
kofi: It is perfectly round now.
@ 50 minutes ago
mei: I will fetch the table that stands tomorrow, when are you home?
mei: And the pump, Kofi.
""",
    ),
    Conversation(
        kind="chat",
        members=("amina", "noor"),
        unread={"amina": 1},
        script="""
@ 3 wed 17:20
amina: Ms Haddad, two of my pupils count moths. Would the library lend them a wall for an evening?
noor: Noor, please. And better than a wall: we have a terrace, a sheet, and a guard who is
    afraid of nothing but moths.
amina: Amina, then. Poor guard!
@ 2 thu 12:10
noor: Friday next week at nine? I put it in the channel.
amina: Perfect. I can write there as well, I see?
noor: You are a member, the others only read. For the day when I have lost my voice.
@ 1 sat 10:20
amina: That was wonderful. Priya's mother asked me where one buys a white sheet that large.
noor: It is the curtain of the old cinema. It had its last premiere last night.
amina: Your Omar held the lamp for two hours, by the way, without a word.
noor > amina: My Omar? Without a word?
amina: He was counting.
@ 90 minutes ago
noor: May I hang their posters by the stairs after the fair? All four of them?
""",
    ),
    Conversation(
        kind="chat",
        members=("sofia", "priya"),
        unread={"sofia": 3},
        script="""
@ 2 thu 19:05
sofia: do you have the french words
priya: Yes. Do you want them, or do you want me to ask you them?
sofia: ...ask me
priya: The ferry.
sofia: le ferry
priya: That one I allow.
@ 1 wed 18:22
sofia: swim finals on sunday!! will you come and shout
priya: I do not shout. I can hold a sign.
sofia: with my name VERY large
priya: In capitals, Sofía, with the accent.
@ 1 sun 13:40
sofia: SECOND. I came SECOND
priya: I saw! I shouted.
sofia: you did???
priya: Once. The accent fell off the sign.
@ 125 minutes ago
priya: Are the silent beans still alive?
priya: Somebody should sing to them now, it is only fair.
priya: I can do it. I have a free hour before lunch.
""",
    ),
    Conversation(
        kind="chat",
        members=("tomasz", "jonas"),
        script="""
@ 3 mon 18:00
jonas: The back brake again. It sings in C.
tomasz: Bring it on Saturday, I tune it to silence.
@ 2 mon 19:25
tomasz: Your cake scissors are sharp again. Please let them be scissors now.
jonas: I promise nothing, but I own a knife.
@ 1 thu 19:01
jonas: Eighty knots enough for the stand?
tomasz: For the stand yes. For Kofi we need ninety.
jonas: Ninety, then.
@ 1 sat 17:22
tomasz: The boy did well today. I had tears in my rag.
jonas: He asked whether one can learn this as a profession. I told him to ask you.
tomasz: He did. I told him: yes, and eat something first.
""",
    ),
)
