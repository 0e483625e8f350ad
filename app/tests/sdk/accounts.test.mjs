import assert from "node:assert/strict";
import { test } from "node:test";

import { Person, people, refused, secondDevice, Tinode } from "./person.mjs";

test("signs up and sees the own profile", async (t) => {
  const ann = new Person("ann");
  t.after(() => ann.leave());
  await ann.signUp({ public: { fn: "Ann Smith", note: "hello" }, tags: ["gardening"] });
  await ann.until(() => ann.me.public && ann.me.tags().length, "profile and tags");
  assert.match(ann.uid, /^usr[\w-]{11}$/);
  assert.deepEqual({ ...ann.me.public }, { fn: "Ann Smith", note: "hello" });
  assert.deepEqual(ann.me.tags(), [`basic:${ann.login}`, "gardening"]);
  assert.equal(ann.tinode.getServerParam(Tinode.MAX_MESSAGE_SIZE), 131072);
});

test("logs in by password", async (t) => {
  const [ann] = await people(t, "ann");
  const phone = await secondDevice(t, ann);
  assert.equal(phone.uid, ann.uid);
  assert.ok(phone.tinode.isAuthenticated());
});

test("logs in by token", async (t) => {
  const [ann] = await people(t, "ann");
  const { token, expires } = ann.tinode.getAuthToken();
  assert.ok(expires.getTime() > Date.now());
  const phone = new Person("ann's phone");
  t.after(() => phone.leave());
  await phone.connect();
  await phone.tinode.loginToken(token);
  assert.equal(phone.uid, ann.uid);
});

test("is refused a wrong password, an unknown name and a forged token alike", async (t) => {
  const [ann] = await people(t, "ann");
  const eve = new Person("eve");
  t.after(() => eve.leave());
  await eve.connect();
  await refused(eve.tinode.loginBasic(ann.login, "a guess"), 401);
  await refused(eve.tinode.loginBasic(`no${ann.login}`, ann.password), 401);
  const { token } = ann.tinode.getAuthToken();
  const forged = (token[0] === "A" ? "B" : "A") + token.slice(1);
  await refused(eve.tinode.loginToken(forged), 401);
  assert.ok(!eve.tinode.isAuthenticated());
});

test("cannot take a login that is taken", async (t) => {
  const [ann] = await people(t, "ann");
  const eve = new Person("eve");
  t.after(() => eve.leave());
  await eve.connect();
  await refused(eve.tinode.createAccountBasic(ann.login.toUpperCase(), "secret"), 409);
});

test("a new password ends the old one and the older tokens", async (t) => {
  const [ann] = await people(t, "ann");
  const { token } = ann.tinode.getAuthToken();
  await ann.tinode.updateAccountBasic(ann.uid, ann.login, "a new secret");
  const phone = new Person("ann's phone");
  t.after(() => phone.leave());
  await phone.connect();
  await refused(phone.tinode.loginBasic(ann.login, ann.password), 401);
  await refused(phone.tinode.loginToken(token), 401);
  await phone.tinode.loginBasic(ann.login, "a new secret");
  assert.equal(phone.uid, ann.uid);
});

test("a change of the profile reaches one's other device", async (t) => {
  const [ann] = await people(t, "ann");
  const phone = await secondDevice(t, ann);
  await ann.me.setMeta({ desc: { public: { fn: "Ann Jones" } } });
  await phone.until(() => phone.me.public?.fn === "Ann Jones", "the new name");
});

test("a deleted account is gone for its holder and for others", async (t) => {
  const [ann, bob] = await people(t, "ann", "bob");
  await bob.open(bob.chat(ann));
  await ann.tinode.delCurrentUser(true);
  await bob.gets("pres", { what: "gone" });
  const again = new Person("ann", { account: ann });
  t.after(() => again.leave());
  await again.connect();
  await refused(again.tinode.loginBasic(ann.login, ann.password), 401);
});
