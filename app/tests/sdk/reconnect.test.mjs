import assert from "node:assert/strict";
import { test } from "node:test";

import { found, loadAll, people, say, shown } from "./person.mjs";

const TOTAL = 200;
const CUTS = [40, 90, 150]; // bob's connection breaks when so many have been sent

/** What bob's app does when its connection breaks: back by the token, then the missing messages. */
async function resume(bob, topic) {
  await bob.comeBack();
  await bob.open(topic);
  await loadAll(topic);
}

test("nothing is missed or doubled by who loses the connection while others write", async (t) => {
  const [ann, bob] = await people(t, "ann", "bob");
  const annsTopic = await found(ann, "Busy");
  await annsTopic.invite(bob.uid);
  const topic = bob.chat(annsTopic.name);
  await bob.open(topic);

  const texts = Array.from({ length: TOTAL }, (_, index) => `message ${index + 1}`);
  let returned = Promise.resolve();
  for (const [index, text] of texts.entries()) {
    if (CUTS.includes(index)) {
      await returned;
      await bob.cut();
      returned = resume(bob, topic);
    }
    assert.equal(await say(annsTopic, text), index + 1, "seq is dense");
  }
  await returned;
  await bob.until(() => topic.maxMsgSeq() === TOTAL, "the last message");
  await loadAll(topic);

  assert.deepEqual(shown(topic), texts);
  const seqs = bob.packets.filter((packet) => packet.data).map((packet) => packet.data.seq);
  assert.equal(new Set(seqs).size, TOTAL);
  assert.equal(seqs.length, TOTAL, "each came once");
});

test("an app that was away sees what changed meanwhile", async (t) => {
  const [ann, bob] = await people(t, "ann", "bob");
  const annsTopic = await found(ann, "Crew");
  await annsTopic.invite(bob.uid);
  const topic = bob.chat(annsTopic.name);
  await bob.open(topic);
  const seq = await say(annsTopic, "regrets");
  await say(annsTopic, "stays");
  await bob.until(() => shown(topic).length === 2, "two messages");

  await bob.cut();
  await annsTopic.delMessagesList([seq], true);
  await annsTopic.setMeta({ desc: { public: { fn: "Crew of the Dove" } } });
  await bob.comeBack();
  await bob.open(topic);
  await bob.until(() => topic.public.fn === "Crew of the Dove", "the new name");
  await bob.until(() => shown(topic).length === 1, "one message less");
  assert.deepEqual(shown(topic), ["stays"]);
});

test("a probe on a live connection is answered", async (t) => {
  const [ann] = await people(t, "ann");
  const answered = new Promise((resolve) => (ann.tinode.onNetworkProbe = resolve));
  ann.tinode.networkProbe();
  await answered;
});
