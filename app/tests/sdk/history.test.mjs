import assert from "node:assert/strict";
import { test } from "node:test";

import { loadAll, pair, say, secondDevice, shown } from "./person.mjs";

const numbers = (low, high) => Array.from({ length: high - low + 1 }, (_, i) => `m${low + i}`);

/** Ann has written 100 messages to bob, the newest still unread: [ann, bob]. */
async function longChat(t) {
  const [[ann, annsChat], [bob]] = await pair(t);
  for (const text of numbers(1, 100)) await say(annsChat, text);
  return [ann, bob, annsChat];
}

test("a long history comes page by page, complete and in order", async (t) => {
  const [ann, bob] = await longChat(t);
  const phone = await secondDevice(t, bob);
  const chat = phone.chat(ann);
  await phone.open(chat);
  assert.deepEqual(shown(chat), numbers(77, 100), "the newest page first");
  assert.equal(await loadAll(chat), 4);
  assert.deepEqual(shown(chat), numbers(1, 100));
});

test("deleted stretches leave no gap that is asked for again", async (t) => {
  const [ann, bob, annsChat] = await longChat(t);
  await annsChat.delMessages([{ low: 1, hi: 11 }, { low: 40, hi: 61 }, { low: 99 }], true);
  const phone = await secondDevice(t, bob);
  const chat = phone.chat(ann);
  await phone.open(chat);
  await loadAll(chat);
  const left = [...numbers(11, 39), ...numbers(61, 98), "m100"];
  assert.deepEqual(shown(chat), left);
});

test("an app with a cache asks only for what is new", async (t) => {
  const [[ann, annsChat], [bob]] = await pair(t);
  for (const text of numbers(1, 10)) await say(annsChat, text);
  const phone = await secondDevice(t, bob, { persist: true });
  const chat = phone.chat(ann);
  await phone.open(chat);
  await phone.until(() => shown(chat).length === 10, "ten messages");
  await phone.cut();
  for (const text of numbers(11, 15)) await say(annsChat, text);
  await phone.comeBack();
  phone.packets.length = 0;
  await phone.open(chat);
  const came = phone.packets.filter((packet) => packet.data).map((packet) => packet.data.seq);
  assert.deepEqual(came.sort((a, b) => a - b), [11, 12, 13, 14, 15]);
  assert.deepEqual(shown(chat), numbers(1, 15));
});
