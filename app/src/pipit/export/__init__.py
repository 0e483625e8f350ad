"""Everything that is a member's, in one zip file.

    index.html                        to be opened: the profile, the conversations, the files
    profile.json                      the account: profile, credentials, tags
    conversations/01-class-7b/        one folder for each conversation
        about.json                    what it is, who takes part
        messages.jsonl                its messages, one JSON object a line, oldest first
        page-0001.html …              the same, to be read
    files/<id>/<name>                 the own uploads, and the files in those conversations

Messages are read and written some at a time, so a million of them take no more memory than ten.
"""
