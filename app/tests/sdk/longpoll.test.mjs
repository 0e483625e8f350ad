import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Person, Tinode, endPolls, people, say, shown } from "./person.mjs";

after(endPolls); // the last poll would hold the process for 50 s

test("long polling carries a whole chat", async (t) => {
  const [bob] = await people(t, "bob");
  const ann = new Person("ann", { transport: "lp" });
  t.after(() => ann.leave());
  await ann.signUp();
  const [annsChat, bobsChat] = [ann.chat(bob), bob.chat(ann)];
  await ann.open(annsChat);
  await bob.open(bobsChat);

  const texts = Array.from({ length: 30 }, (_, index) => `message ${index + 1}`);
  for (const text of texts) await say(bobsChat, text);
  await ann.until(() => shown(annsChat).length === 30, "thirty messages");
  assert.deepEqual(shown(annsChat), texts);

  const seq = await say(annsChat, "got them");
  await bob.until(() => shown(bobsChat).at(-1) === "got them", "the answer");
  bobsChat.noteRead(seq);
  const status = () => annsChat.msgStatus(annsChat.findMessage(seq));
  await ann.until(() => status() === Tinode.MESSAGE_STATUS_READ, "the sign of reading");
});

test("a probe is answered over long polling", async (t) => {
  const ann = new Person("ann", { transport: "lp" });
  t.after(() => ann.leave());
  await ann.signUp();
  const answered = new Promise((resolve) => (ann.tinode.onNetworkProbe = resolve));
  ann.tinode.networkProbe();
  await answered;
});
