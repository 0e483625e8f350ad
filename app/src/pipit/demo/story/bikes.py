"""The group of a club."""

from pipit.demo.story.telling import Conversation

BIKES = Conversation(
    kind="group",
    title="Saturday Bike Kitchen",
    note="Every Saturday 10 to 14 behind the old fire station. Tools are shared, cake is too.",
    emblem="bicycle",
    tags=("bike-kitchen", "bikes", "repair"),
    members=("tomasz", "mei", "kofi", "jonas", "luca"),
    unread={"jonas": 3, "kofi": 7},
    script="""
@ 4 sat 16:05
tomasz: Welcome to the new place. The old group was on four different apps and two of you read
    none of them.
mei: I read all of them. I answered none. There is a difference.
kofi: Present. Which tools are missing this week?
tomasz: The 15 mm spanner, as always, and my good scissors, as never before.
jonas: The scissors are in the cake box. Somebody cut the cake with them.
mei: It was a very firm cake.
jonas > mei: It was a rye loaf, Mei.
@ 3 wed 19:40
tomasz: We were given eleven bicycles from the flats on Quay Street. Two are art, five are
    parts, four can ride again.
kofi: I can come at nine and start with the brakes.
mei: Wheels are mine. Touch nothing round before I have had coffee.
luca: can I help again? I have my own gloves now
tomasz > luca: You may have the blue one all for yourself. It has no pedals and bad manners.
luca: YES
@ 3 sat 14:30
tomasz: Nineteen people, thirteen repairs, one proposal of marriage (declined, it was about a
    saddle).
kofi: For the record, the saddle was worth it.
mei [wheel]: Exhibit A. This came in today, "it only wobbles a little"
jonas: That is not a wheel, that is an opinion.
mei > jonas: I got it round. Forty minutes. It sang at the end.
luca: she really talks to them
mei: They talk first.
@ 2 thu 20:15
tomasz: The town asks whether we want a stand at the harbour festival. Sunday in two weeks,
    eleven to five.
kofi: Yes, if somebody else does the talking. I do the timetable.
jonas: I bake. Cinnamon knots, and something without nuts.
mei: A true-a-wheel contest. Winner keeps the spoke key.
luca: can we do the pressure thing?? roll down the ramp and guess how far
tomasz: Luca, that is the best idea this month. You run it.
luca: 😳 ok
@ 2 sat 15:10
tomasz: Quiet day because of the rain, so we sorted the screw drawer. We found:
  | the 15 mm spanner
  | a tooth (a child's, he was pleased)
  | three letters to the previous tenant
kofi: I will post the letters.
mei: Frame it. The spanner I mean.
@ 1 mon 21:02
mei: @Kofi did you take the long pump home?
kofi: I did, for the choir. Do not ask. It comes back on Saturday.
mei: I am asking.
kofi: The piano stool has an air spring.
mei: I am no longer asking.
@ 1 thu 18:44
tomasz: Festival: we have stand 14, between the honey people and the lifeboat. Power from the
    honey people.
jonas: Fourteen is right next to the ramp. Luca will be happy.
tomasz: Set up from nine. Who brings a table that stands?
kofi: I have two. One stands.
mei: Bring the other one for the wobbly wheels, they will feel at home.
@ 1 sat 14:55
luca: guys. the blue one RIDES. I rode it home
tomasz: We saw. You waved with both hands. We discussed that.
mei: Front wheel straight?
luca > mei: like a ruler
jonas: Well done, Luca! That is your first one from scrap to street.
kofi: Seventeen hours in all, I kept a list.
tomasz: Of course you kept a list.
@ 70 minutes ago
tomasz: Two things. We need a poster for stand 14, and the honey people want to know how much
    power a kettle takes.
mei: Two kilowatts, and my good mood depends on it.
tomasz > mei: I shall write "coffee for safety reasons".
@ 15 minutes ago
luca: omar and me can do the poster. after the science one. we have practice in posters now
kofi: Please with the opening hours in large.
tomasz: And without tyre marks this time.
""",
)
