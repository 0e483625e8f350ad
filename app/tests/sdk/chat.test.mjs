import assert from "node:assert/strict";
import { test } from "node:test";

import { Drafty, Tinode, pair, people, refused, say, secondDevice, shown } from "./person.mjs";

test("a first message starts a chat of two", async (t) => {
  const [ann, bob] = await people(t, "ann", "bob");
  const annsChat = ann.chat(bob);
  await ann.open(annsChat);
  await say(annsChat, "hello");
  const contact = () => bob.me.getContact(ann.uid);
  await bob.until(() => contact()?.unread === 1, "an unread message");
  await bob.until(() => contact().public?.fn === "ann", "the name of who wrote it");
  await bob.open(bob.chat(ann));
  assert.deepEqual(shown(bob.chat(ann)), ["hello"]);
});

test("messages arrive in order, in both directions, plain and styled", async (t) => {
  const [[ann, annsChat], [bob, bobsChat]] = await pair(t);
  const all = ["one", "*two*", "three ☃ 🐦 ünï"];
  for (const [index, text] of all.entries()) await say(index % 2 ? bobsChat : annsChat, text);
  const texts = ["one", "two", "three ☃ 🐦 ünï"];
  await ann.until(() => shown(annsChat).length === 3, "three messages");
  await bob.until(() => shown(bobsChat).length === 3, "three messages");
  assert.deepEqual(shown(annsChat), texts);
  assert.deepEqual(shown(bobsChat), texts);
  assert.equal(Drafty.toMarkdown(bobsChat.findMessage(2).content), "*two*");
});

test("receipts: received, then read", async (t) => {
  const [[ann, annsChat], [, bobsChat]] = await pair(t);
  const seq = await say(annsChat, "did you get this?");
  const status = () => annsChat.msgStatus(annsChat.findMessage(seq));
  await ann.until(() => status() >= Tinode.MESSAGE_STATUS_RECEIVED, "the receipt");
  bobsChat.noteRead(seq);
  await ann.until(() => status() === Tinode.MESSAGE_STATUS_READ, "the sign of reading");
  assert.equal(annsChat.msgReadCount(seq), 1);
});

test("reading on one device clears the badge on the other", async (t) => {
  const [[, annsChat], [bob, bobsChat]] = await pair(t);
  const phone = await secondDevice(t, bob);
  const seq = await say(annsChat, "hello");
  const badge = () => phone.me.getContact(annsChat._tinode.getCurrentUserID())?.unread;
  await phone.until(() => badge() === 1, "one unread message");
  bobsChat.noteRead(seq);
  await phone.until(() => badge() === 0, "none unread");
});

test("typing is seen while it happens", async (t) => {
  const [[ann, annsChat], [bob, bobsChat]] = await pair(t);
  annsChat.noteKeyPress();
  await bob.gets("info", { topic: ann.uid, from: ann.uid, what: "kp" });
  bobsChat.noteRecording(true);
  await ann.gets("info", { topic: bob.uid, from: bob.uid, what: "kpa" });
});

test("an edit replaces the text on both sides", async (t) => {
  const [[ann, annsChat], [bob, bobsChat]] = await pair(t);
  const seq = await say(annsChat, "helo");
  await say(annsChat, "hello", { replace: `:${seq}` });
  await bob.until(() => shown(bobsChat)[0] === "hello", "the new text");
  assert.deepEqual(shown(bobsChat), ["hello"]);
  assert.deepEqual(shown(annsChat), ["hello"]);
  await ann.until(() => annsChat.msgRecvCount(seq) === 1, "the receipt");
});

test("a message deleted for oneself stays for the other", async (t) => {
  const [[ann, annsChat], [bob, bobsChat]] = await pair(t);
  const seq = await say(annsChat, "regrets");
  await say(annsChat, "stays");
  await annsChat.delMessagesList([seq], false);
  await bob.until(() => shown(bobsChat).length === 2, "both messages");
  assert.deepEqual(shown(annsChat), ["stays"]);

  const phone = await secondDevice(t, ann);
  await phone.open(phone.chat(bob));
  assert.deepEqual(shown(phone.chat(bob)), ["stays"]);
});

test("a message deleted for everyone is gone on both sides, its edits too", async (t) => {
  const [[, annsChat], [bob, bobsChat]] = await pair(t);
  const seq = await say(annsChat, "regrets");
  await say(annsChat, "regrets still", { replace: `:${seq}` });
  await say(annsChat, "stays");
  await bob.until(() => shown(bobsChat).length === 2, "the messages");
  await annsChat.delMessagesEdits(seq, true);
  await bob.until(() => shown(bobsChat).length === 1, "one message less");
  assert.deepEqual(shown(bobsChat), ["stays"]);
});

test("presence: away and back, and when last seen", async (t) => {
  const [[ann], [bob]] = await pair(t);
  const contact = () => ann.me.getContact(bob.uid);
  await ann.until(() => contact().online, "bob on");
  bob.tinode.disconnect();
  await ann.until(() => !contact().online, "bob off");
  assert.ok(contact().seen.when instanceof Date);
  await bob.logIn();
  await ann.until(() => contact().online, "bob on again");
});

test("who is blocked cannot write until let in again", async (t) => {
  const [[ann, annsChat], [bob, bobsChat]] = await pair(t);
  await bobsChat.updateMode(ann.uid, "N");
  await ann.until(() => !annsChat.isSubscribed(), "ann's side to close");
  await refused(annsChat.subscribe(), 403);
  await bobsChat.updateMode(ann.uid, "JRWPA");
  await ann.open(annsChat);
  await say(annsChat, "back");
  await bob.until(() => shown(bobsChat).includes("back"), "ann's message");
});

test("archiving and a note of one's own are there after the next login", async (t) => {
  const [[ann, annsChat], [bob]] = await pair(t);
  await annsChat.archive(true);
  await annsChat.setMeta({ desc: { private: { comment: "from school" } } });
  const phone = await secondDevice(t, ann);
  await phone.until(() => phone.me.getContact(bob.uid)?.private, "the own note");
  assert.ok(phone.me.isArchived(bob.uid));
  assert.equal(phone.me.getContact(bob.uid).private.comment, "from school");
  await annsChat.archive(false);
  const tablet = await secondDevice(t, ann); // an app that runs on does not see that it is gone
  await tablet.until(() => tablet.me.getContact(bob.uid)?.private, "the own note");
  assert.ok(!tablet.me.isArchived(bob.uid));
});

test("saved messages: a chat with oneself", async (t) => {
  const [ann] = await people(t, "ann");
  const notes = ann.chat("slf");
  await ann.open(notes);
  await say(notes, "buy seeds");
  const phone = await secondDevice(t, ann);
  await phone.open(phone.chat("slf"));
  assert.deepEqual(shown(phone.chat("slf")), ["buy seeds"]);
});
