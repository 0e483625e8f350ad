import assert from "node:assert/strict";
import { test } from "node:test";

import { BASE, Drafty, File, downloads, pair, people, refused, say } from "./person.mjs";

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

const upload = (person, file) => person.tinode.getLargeFileHelper().upload(file);
const bytesOf = async (blob) => Buffer.from(await blob.arrayBuffer());

/** Downloads as the web app's button does; returns the bytes. */
async function download(person, url) {
  await person.tinode.getLargeFileHelper().download(url, "a name", "application/octet-stream");
  const reader = new FileReader();
  const read = new Promise((resolve) => (reader.onload = resolve));
  reader.readAsArrayBuffer(downloads.at(-1));
  await read;
  return Buffer.from(reader.result);
}

test("a picture sent in a chat is seen by the other side", async (t) => {
  const [[ann, annsChat], [bob, bobsChat]] = await pair(t);
  const url = await upload(ann, new File([PNG], "dot.png", { type: "image/png" }));
  const picture = { mime: "image/png", refurl: url, width: 1, height: 1, filename: "dot.png" };
  await say(annsChat, Drafty.insertImage(null, 0, { ...picture, size: PNG.length }));
  await bob.until(() => bobsChat.findMessage(1), "the message");
  const { ref } = bobsChat.findMessage(1).content.ent[0].data;
  const response = await fetch(new URL(bob.tinode.authorizeURL(ref), BASE));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "image/png");
  assert.deepEqual(await bytesOf(response), PNG);
});

test("an attachment is downloaded as it was sent, and by nobody else", async (t) => {
  const [[ann, annsChat], [bob]] = await pair(t);
  const [eve] = await people(t, "eve");
  const bytes = Buffer.from("# Plan\n\nünï ☃\n".repeat(5000));
  const url = await upload(ann, new File([bytes], "plan.md", { type: "text/markdown" }));
  const file = { mime: "text/markdown", filename: "plan.md", size: bytes.length, refurl: url };
  await say(annsChat, Drafty.attachFile(null, file));
  assert.deepEqual(await download(bob, url), bytes);
  await refused(eve.tinode.getLargeFileHelper().download(url, "plan.md", "text/markdown"), 404);
});

test("progress is told while a file goes up", async (t) => {
  const [ann] = await people(t, "ann");
  const steps = [];
  const helper = ann.tinode.getLargeFileHelper();
  const bytes = Buffer.alloc(2_000_000, 7);
  await helper.upload(new File([bytes], "big.bin"), null, (share) => steps.push(share));
  assert.equal(steps.at(-1), 1);
});

test("a picture of oneself is seen by the people one chats with", async (t) => {
  const [[ann], [bob]] = await pair(t);
  const url = await upload(ann, new File([PNG], "me.png", { type: "image/png" }));
  const photo = { type: "png", ref: url };
  await ann.me.setMeta({ desc: { public: { fn: "Ann", photo } }, attachments: [url] });
  const photoOfAnn = () => bob.me.getContact(ann.uid).public?.photo;
  await bob.until(() => photoOfAnn()?.ref === url, "the new picture");
  assert.deepEqual(await download(bob, url), PNG);
});

test("a file that is too large is refused with the reason", async (t) => {
  const [ann] = await people(t, "ann");
  const limit = ann.tinode.getServerParam("maxFileUploadSize");
  await refused(upload(ann, new File([Buffer.alloc(limit + 1)], "huge.bin")), 413);
});
