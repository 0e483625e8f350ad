"""A believable place to look around in: people, groups, a channel, weeks of chats.

`cast` has the people, `story` what they say, as plain text; `script` reads that; `drafting` turns
it into messages, `filling` puts everything into the store. Faces and pictures are drawn by code.
"""
