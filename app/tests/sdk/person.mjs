// People who chat through the real tinode-sdk. The server under test is named by PIPIT_URL.
//
// The SDK is written for browsers: jsdom lends it the document, XMLHttpRequest, forms and files,
// `ws` the WebSocket, fake-indexeddb the cache.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";

import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { JSDOM, VirtualConsole } from "jsdom";
import WebSocket from "ws";

export const BASE = new URL(process.env.PIPIT_URL);
const API_KEY = "AQEAAAABAAD_rAp4DJh05a1HAwFT3A6K"; // what the stock clients send
const PATIENCE = 10_000; // ms; the SDK itself gives an answer 5 s

const { window } = new JSDOM("", { url: BASE.origin, virtualConsole: new VirtualConsole() });
export const downloads = []; // the Blobs that LargeFileHelper.download() handed to the "browser"
window.URL.createObjectURL = (blob) => `blob:${downloads.push(blob)}`;
window.URL.revokeObjectURL = () => {};
const { document, XMLHttpRequest, FormData, Blob, File, FileReader } = window;
Object.assign(globalThis, { window, document, XMLHttpRequest, FormData, Blob, File, FileReader });
globalThis.IDBKeyRange = IDBKeyRange;

const { default: sdk } = await import("tinode-sdk"); // after the globals: it looks for them once
export const { Drafty, Tinode } = sdk;
export { File };

/** A WebSocket that can be found again, to be cut off. */
class TracedSocket extends WebSocket {
  static latest = null;
  constructor(url) {
    super(url);
    TracedSocket.latest = this;
  }
}

/** A request that can be found again: the SDK does not end its poll when it disconnects. */
class TracedRequest extends XMLHttpRequest {
  static open = new Set();
  send(body) {
    TracedRequest.open.add(this);
    this.addEventListener("loadend", () => TracedRequest.open.delete(this));
    super.send(body);
  }
}
Tinode.setNetworkProviders(TracedSocket, TracedRequest);

/** Somebody with an app: one Tinode object, and all that came over its connection. */
export class Person {
  packets = [];
  #watchers = new Set();

  constructor(name, { transport = "ws", persist = false, account = null } = {}) {
    Tinode.setDatabaseProvider(new IDBFactory()); // a cache of one's own
    this.name = name;
    this.login = account?.login ?? name + randomBytes(5).toString("hex");
    this.password = account?.password ?? `secret of ${name}`;
    const config = { appName: "SdkTest/1.0", host: BASE.host, apiKey: API_KEY, transport, persist };
    this.ready = new Promise((resolve) => {
      this.tinode = new Tinode(config, resolve);
    });
    this.tinode.onMessage = (packet) => this.#note(packet);
  }

  get me() {
    return this.tinode.getMeTopic();
  }

  get uid() {
    return this.tinode.getCurrentUserID();
  }

  /** The name this person's chat with another has, and the other's id. */
  chat(other) {
    return this.tinode.getTopic(typeof other === "string" ? other : other.uid);
  }

  async connect() {
    await this.ready;
    await this.tinode.connect();
    this.socket = TracedSocket.latest;
    await this.until(() => this.tinode.getServerInfo(), "the answer to {hi}");
  }

  async signUp(params = {}) {
    await this.connect();
    params = { public: { fn: this.name }, ...params };
    await this.tinode.createAccountBasic(this.login, this.password, params);
    await this.openMe();
  }

  async logIn() {
    await this.connect();
    await this.tinode.loginBasic(this.login, this.password);
    await this.openMe();
  }

  /** What the web app asks for right after the login. */
  openMe() {
    const query = this.me.startMetaQuery().withLaterSub().withDesc().withTags().withCred();
    return this.me.subscribe(query.build());
  }

  /** What the web app asks for when a chat is opened; ends when all of it is there. */
  async open(topic, setParams = undefined) {
    const query = topic.startMetaQuery().withLaterDesc().withLaterSub().withLaterData(24).withAux();
    topic.filled = false;
    topic.onAllMessagesReceived = () => (topic.filled = true);
    const ctrl = await topic.subscribe(query.withLaterDel(24).build(), setParams);
    await this.until(() => topic.filled, `the messages of ${topic.name}`);
    return ctrl;
  }

  /** The connection breaks without a close, as when a phone leaves the network. */
  async cut() {
    const closed = once(this.socket, "close");
    this.socket.terminate();
    await closed;
  }

  /** Connects and logs in again by the token, as apps do after the network is back. */
  async comeBack() {
    const { token } = this.tinode.getAuthToken();
    await this.connect();
    await this.tinode.loginToken(token);
    await this.openMe();
  }

  /** Resolves when `condition` holds; it is asked again after every packet. */
  async until(condition, what) {
    if (condition()) return;
    await new Promise((resolve, reject) => {
      const came = () => this.packets.slice(-12).map((p) => JSON.stringify(p)).join("\n  ");
      const timer = setTimeout(() => {
        this.#watchers.delete(check);
        reject(new Error(`${this.name} waited in vain for ${what}; last came\n  ${came()}`));
      }, PATIENCE);
      const check = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#watchers.delete(check);
        resolve();
      };
      this.#watchers.add(check);
    });
  }

  /** Resolves when a packet of a kind (`data`, `pres`, …) with these fields has come. */
  async gets(kind, fields) {
    const fits = (packet) =>
      packet[kind] && Object.entries(fields).every(([key, value]) => packet[kind][key] === value);
    await this.until(() => this.packets.some(fits), `{${kind}} ${JSON.stringify(fields)}`);
  }

  leave() {
    this.tinode.onMessage = undefined;
    this.tinode.getMeta = () => new Promise(() => {}); // the SDK asks by itself, and would fail
    this.tinode.disconnect();
  }

  // The SDK handles a packet in a timer of its own, set right after this call; ours comes behind.
  #note(packet) {
    this.packets.push(packet);
    queueMicrotask(() => setTimeout(() => this.#watchers.forEach((check) => check()), 0));
  }
}

/** New accounts, logged in, that leave when the test ends. */
export async function people(t, ...names) {
  const all = names.map((name) => new Person(name));
  t.after(() => all.forEach((person) => person.leave()));
  await Promise.all(all.map((person) => person.signUp()));
  return all;
}

/** One more device of somebody's, logged in. */
export async function secondDevice(t, person, options = {}) {
  const device = new Person(`${person.name}'s phone`, { account: person, ...options });
  t.after(() => device.leave());
  await device.logIn();
  return device;
}

/** Two new people with their chat open on both sides: [[ann, annsTopic], [bob, bobsTopic]]. */
export async function pair(t) {
  const [ann, bob] = await people(t, "ann", "bob");
  await ann.open(ann.chat(bob));
  await bob.open(bob.chat(ann));
  return [[ann, ann.chat(bob)], [bob, bob.chat(ann)]];
}

/** Makes a group (or a channel) and returns its owner's topic. */
export async function found(owner, fn, { channel = false, ...params } = {}) {
  const topic = owner.tinode.getTopic(owner.tinode.newGroupTopicName(channel));
  await owner.open(topic, { desc: { public: { fn } }, ...params });
  return topic;
}

/** Sends as the web app does: shown at once, then sent. Returns the message's seq. */
export async function say(topic, content, head = {}) {
  const draft = topic.createMessage(content, true);
  if (Object.keys(head).length) draft.head = { ...draft.head, ...head };
  const ctrl = await topic.publishDraft(draft);
  assert.equal(ctrl?.code, 202, `${topic.name} did not accept ${JSON.stringify(content)}`);
  return ctrl.params.seq;
}

/** The texts a chat shows, oldest first: the latest version of each message. */
export function shown(topic) {
  const texts = [];
  topic.messages((message) => texts.push(message.content?.txt ?? message.content));
  return texts;
}

/** Loads what is missing in a chat, page by page; returns how many pages it took. */
export async function loadAll(topic, page = 24) {
  for (let pages = 0; ; pages += 1) {
    const gaps = topic.msgHasMoreMessages(0, topic.maxMsgSeq() + 1, false);
    if (!gaps.length) return pages;
    assert.ok(pages < 100, `gaps that never fill: ${JSON.stringify(gaps)}`);
    await topic.getMessagesPage(page, gaps, 0, topic.maxMsgSeq() + 1, false);
    await new Promise((resolve) => setTimeout(resolve, 0)); // behind the SDK's own, for each {data}
  }
}

/** Asserts that a promise fails with a code of the server's. */
export function refused(promise, code) {
  return assert.rejects(promise, { name: "CommError", code });
}

/** Ends what still polls. */
export function endPolls() {
  [...TracedRequest.open].forEach((request) => request.abort());
}
