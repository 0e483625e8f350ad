"""The store in a MongoDB database: standalone, or a replica set. Server 4.4 and newer.

What each operation does are plain functions of a database, by subject: `accounts`, `aliases`,
`topics`, `subscriptions`, `contacts`, `tags`, `messages`, `deleting`, `files`, `outbox`;
`appending` is the way of new messages; `store` maps the contract's methods to them all.

There are no transactions, since a standalone server has none. What has to be done wholly or not at
all is one change of one document; where that is not enough, a first write notes what is meant (a
topic's `gone` and `pending`, an account's `leaving`), and what was begun is ended when the store is
opened the next time. docs/data-model.md shows the documents.
"""

from pipit.store.mongodb.store import MongoStore

__all__ = ["MongoStore"]
