import assert from "node:assert/strict";
import { test } from "node:test";

import { found, people, refused, say, secondDevice, shown } from "./person.mjs";

/** A group of ann's with bob in it: [ann, annsTopic, bob, bobsTopic]. */
async function group(t) {
  const [ann, bob] = await people(t, "ann", "bob");
  const annsTopic = await found(ann, "Crew");
  await annsTopic.invite(bob.uid);
  await bob.until(() => bob.me.getContact(annsTopic.name)?.public, "the invitation");
  const bobsTopic = bob.chat(annsTopic.name);
  await bob.open(bobsTopic);
  await annsTopic.getMeta(annsTopic.startMetaQuery().withSub().build());
  assert.equal(annsTopic.subscriber(bob.uid).public.fn, "bob");
  return [ann, annsTopic, bob, bobsTopic];
}

test("a new group has its founder as the owner", async (t) => {
  const [ann] = await people(t, "ann");
  const topic = await found(ann, "Crew", { tags: ["sailing"] });
  assert.match(topic.name, /^grp[\w-]{11}$/);
  assert.ok(topic.acs.isOwner());
  await ann.until(() => topic.subcnt === 1, "one member");
  assert.equal(ann.me.getContact(topic.name).public.fn, "Crew");
});

test("who is invited finds the group, talks in it and is heard", async (t) => {
  const [ann, annsTopic, bob, bobsTopic] = await group(t);
  assert.equal(bob.me.getContact(annsTopic.name).public.fn, "Crew");
  await say(annsTopic, "welcome");
  await bob.until(() => shown(bobsTopic).length === 1, "the welcome");
  await say(bobsTopic, "thanks");
  await ann.until(() => shown(annsTopic).length === 2, "the answer");
  assert.deepEqual(shown(annsTopic), ["welcome", "thanks"]);
  assert.equal(annsTopic.findMessage(2).from, bob.uid);
});

test("a member who does not have the chat open learns of a message", async (t) => {
  const [ann, annsTopic, bob, bobsTopic] = await group(t);
  await bobsTopic.leave();
  await ann.until(() => !annsTopic.subscriber(bob.uid).online, "bob gone from the room");
  await say(annsTopic, "psst");
  await bob.until(() => bobsTopic.unread === 1, "one unread");
});

test("a ban holds until it is lifted", async (t) => {
  const [ann, annsTopic, bob, bobsTopic] = await group(t);
  await annsTopic.updateMode(bob.uid, "-J");
  await bob.until(() => !bobsTopic.isSubscribed(), "bob put out");
  await refused(bobsTopic.subscribe(), 403);
  assert.ok(annsTopic.subscriber(bob.uid), "a banned member stays in the list");
  await annsTopic.updateMode(bob.uid, "+J");
  await bob.open(bobsTopic);
  await say(bobsTopic, "sorry");
  await ann.until(() => shown(annsTopic).includes("sorry"), "bob's message");
});

test("muting a member", async (t) => {
  const [, annsTopic, bob, bobsTopic] = await group(t);
  await annsTopic.updateMode(bob.uid, "-W");
  await bob.until(() => !bobsTopic.acs.isWriter(), "the right to write gone");
  assert.equal(await bobsTopic.publishDraft(bobsTopic.createMessage("mute", true)), undefined);
  await bobsTopic.getMeta(bobsTopic.startMetaQuery().withDesc().build());
  assert.ok(!bobsTopic.seq, "nothing was stored");
});

test("a member who is removed loses the group", async (t) => {
  const [, annsTopic, bob, bobsTopic] = await group(t);
  const name = annsTopic.name;
  await annsTopic.delSubscription(bob.uid);
  await bob.until(() => !bob.tinode.isTopicCached(name), "the group to go from bob's list");
  assert.ok(!bobsTopic.isSubscribed());
});

test("leaving for good", async (t) => {
  const [ann, annsTopic, bob, bobsTopic] = await group(t);
  await bobsTopic.leave(true);
  assert.ok(!bob.tinode.isTopicCached(annsTopic.name));
  await ann.gets("pres", { topic: annsTopic.name, src: bob.uid, what: "off" });
  await annsTopic.getMeta(annsTopic.startMetaQuery().withDesc().build());
  assert.equal(annsTopic.subcnt, 1);
});

test("only the owner renames the group; members see the new name", async (t) => {
  const [, annsTopic, bob, bobsTopic] = await group(t);
  await refused(bobsTopic.setMeta({ desc: { public: { fn: "Pirates" } } }), 403);
  await annsTopic.setMeta({ desc: { public: { fn: "Crew of the Dove" } } });
  const name = () => bob.me.getContact(annsTopic.name).public.fn;
  await bob.until(() => name() === "Crew of the Dove", "the new name");
});

test("a pinned message is pinned for all, until it is taken off", async (t) => {
  const [, annsTopic, bob, bobsTopic] = await group(t);
  const pins = () => String(bobsTopic.aux("pins"));
  const [time, place] = [await say(annsTopic, "at nine"), await say(annsTopic, "at the pier")];
  await annsTopic.pinMessage(time, true);
  await annsTopic.pinMessage(place, true);
  await bob.until(() => pins() === `${time},${place}`, "the pins");
  await annsTopic.pinMessage(time, false);
  await bob.until(() => pins() === `${place}`, "one pin taken off");
  await annsTopic.pinMessage(place, false);
  const phone = await secondDevice(t, bob); // an app that runs on keeps the last pin until then
  const phonesTopic = phone.chat(annsTopic.name);
  await phone.open(phonesTopic);
  assert.equal(phonesTopic.aux("pins"), undefined);
});

test("the owner hands the group over and leaves", async (t) => {
  const [ann, annsTopic, bob, bobsTopic] = await group(t);
  await annsTopic.updateMode(bob.uid, "JRWPASDO");
  await bob.until(() => bobsTopic.acs.isOwner("given"), "the offer");
  await bobsTopic.updateMode(null, "JRWPASDO");
  await ann.until(() => !annsTopic.acs.isOwner(), "the ownership to go");
  await annsTopic.leave(true);
  await bobsTopic.setMeta({ desc: { public: { fn: "Bob's crew" } } });
  assert.equal(bobsTopic.public.fn, "Bob's crew");
});

test("a deleted group is gone for its members", async (t) => {
  const [, annsTopic, bob] = await group(t);
  const name = annsTopic.name;
  await annsTopic.delTopic(true);
  await bob.until(() => !bob.tinode.isTopicCached(name), "the group to go");
  await refused(bob.tinode.subscribe(name, {}, {}), 404);
});

test("a channel is read by people who are no members", async (t) => {
  const [ann, bob] = await people(t, "ann", "bob");
  const news = await found(ann, "News", { channel: true });
  await say(news, "issue one");
  const channel = bob.chat(news.name.replace("grp", "chn"));
  await bob.open(channel);
  assert.ok(channel.isChannelType());
  await say(news, "issue two");
  await bob.until(() => shown(channel).length === 2, "the new issue");
  assert.deepEqual(shown(channel), ["issue one", "issue two"]);
  assert.equal(channel.findMessage(2).from, undefined, "a channel does not tell who wrote");
  assert.ok(!channel.acs.isWriter());
  assert.equal(await channel.publishDraft(channel.createMessage("letter", true)), undefined);
  assert.deepEqual(shown(news), ["issue one", "issue two"]);
});

test("a report goes to the operators", async (t) => {
  const [ann, bob] = await people(t, "ann", "bob");
  const ctrl = await ann.tinode.report("report", bob.uid);
  assert.equal(ctrl.code, 202);
  await refused(ann.tinode.subscribe("sys", {}, {}), 403);
});
