import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";

import { found, people } from "./person.mjs";

const unique = (stem) => stem + randomBytes(4).toString("hex");

/** Searches as the web app does; returns the topics found. */
async function search(person, query) {
  const fnd = person.tinode.getFndTopic();
  await fnd.subscribe();
  await fnd.setMeta({ desc: { public: query } });
  const answer = await fnd.getMeta(fnd.startMetaQuery().withSub().build());
  return (answer.sub ?? []).map((row) => row.topic);
}

test("people and groups are found by their tags", async (t) => {
  const [ann, bob, cyd] = await people(t, "ann", "bob", "cyd");
  const [tag, other] = [unique("sailing"), unique("chess")];
  await bob.me.setMeta({ tags: [`basic:${bob.login}`, tag] });
  await cyd.me.setMeta({ tags: [`basic:${cyd.login}`, tag, other] });
  const crew = await found(bob, "Crew", { tags: [tag] });
  assert.deepEqual(new Set(await search(ann, tag)), new Set([bob.uid, cyd.uid, crew.name]));
  assert.deepEqual(await search(ann, `${tag} ${other}`), [cyd.uid], "both tags");
  assert.equal((await search(ann, `${other},${tag}`)).length, 3, "either tag");
  assert.deepEqual(await search(ann, unique("nobody")), []);
});

test("people are found by what they are called: the login, the alias", async (t) => {
  const [ann, bob] = await people(t, "ann", "bob");
  const alias = unique("bob-");
  await bob.me.setMeta({ tags: [`basic:${bob.login}`, `alias:${alias}`] });
  assert.deepEqual(await search(ann, bob.login), [bob.uid]);
  assert.deepEqual(await search(ann, alias), [bob.uid]);
  assert.deepEqual(await search(ann, `alias:${alias}`), [bob.uid]);
});

test("an alias is seen as taken, and cannot be taken twice", async (t) => {
  const [ann, bob] = await people(t, "ann", "bob");
  const alias = `alias:${unique("the-")}`;
  const annsSearch = ann.tinode.getFndTopic();
  assert.equal(await annsSearch.checkTagUniqueness(alias, ann.uid), true);
  await bob.me.setMeta({ tags: [`basic:${bob.login}`, alias] });
  assert.equal(bob.me.alias(), alias.slice("alias:".length));
  assert.equal(await annsSearch.checkTagUniqueness(alias, ann.uid), false);
  assert.equal(await bob.tinode.getFndTopic().checkTagUniqueness(alias, bob.uid), true, "one's own");
  const taking = ann.me.setMeta({ tags: [`basic:${ann.login}`, alias] });
  await assert.rejects(taking, { name: "CommError" });
});

test("clearing the tags leaves the login's", async (t) => {
  const [ann] = await people(t, "ann");
  await ann.me.setMeta({ tags: [`basic:${ann.login}`, unique("chess")] });
  await ann.me.setMeta({ tags: [] });
  const answer = await ann.me.getMeta(ann.me.startMetaQuery().withTags().build());
  assert.deepEqual(answer.tags, [`basic:${ann.login}`]);
});
