// Chat between the open pages: one topic per room, published by the server's handler.
import { clock } from "./format.js";
import { KeptEntries } from "./kept.js";
import { write } from "./status.js";

const SHOWN = 200;
const NAMES = ["Heron", "Otter", "Lynx", "Wren", "Marten", "Plover", "Stoat", "Curlew"];

export function showRooms(client, streams, about) {
  const view = new View(document.getElementById("room"));
  const rooms = about.rooms.map((name) => new Room(name, view));
  for (const room of rooms) {
    room.restore();
    const subscription = client.on("room", (entry) => room.take(entry), { topic: room.name });
    streams.add(`room ${room.name}`, subscription, (outcome) => room.reset(outcome));
  }
  const tabs = new Tabs(document.getElementById("rooms"), rooms, view);
  tabs.choose(rooms[0]);
  new Form(client, tabs, view);
}

/** Messages of one room, and the number of unread ones. */
class Room {
  #kept;
  #view;
  messages = [];
  unread = 0;
  onUnread = () => {};

  constructor(name, view) {
    this.name = name;
    this.#view = view;
    this.#kept = new KeptEntries(`room.${name}`, SHOWN);
  }

  restore() {
    this.messages = this.#kept.load().map(({ value }) => value);
  }

  take(entry) {
    if (!this.#kept.isOf(entry.epoch)) this.#begin(entry.epoch, []);
    if (!this.#kept.add(entry)) return;
    const { value } = entry;
    this.messages.push(value);
    if (this.messages.length > SHOWN) this.messages.shift();
    if (this.#view.room === this) {
      this.#view.add(value);
    } else {
      this.unread += 1;
      this.onUnread();
    }
  }

  reset({ reason, position }) {
    this.#begin(position.epoch, [{ note: `this room was reset: ${reason}` }]);
  }

  #begin(epoch, messages) {
    this.#kept.begin(epoch);
    this.messages = messages;
    if (this.#view.room === this) this.#view.show(this);
  }
}

/** List of the messages of the selected room. */
class View {
  #list;
  room = null;

  constructor(list) {
    this.#list = list;
  }

  show(room) {
    this.room = room;
    this.#list.replaceChildren(...room.messages.map(item));
    if (room.messages.length === 0) this.#list.append(item({ nothing: "No messages yet." }));
    this.#toNewest();
  }

  add(message) {
    this.#list.querySelector(".nothing")?.remove();
    const element = item(message);
    this.#list.append(element);
    this.#toNewest();
    return element;
  }

  #toNewest() {
    this.#list.scrollTop = this.#list.scrollHeight;
  }
}

function item(message) {
  const element = document.createElement("li");
  if (message.note || message.nothing) {
    element.className = message.note ? "note" : "nothing";
    element.textContent = message.note ?? message.nothing;
    return element;
  }
  const time = document.createElement("time");
  time.textContent = message.at_s ? clock(message.at_s * 1000).slice(0, 5) : "waiting";
  const name = document.createElement("b");
  name.textContent = message.name;
  element.append(time, name, message.text);
  return element;
}

class Tabs {
  #tabs = new Map();
  #view;

  constructor(element, rooms, view) {
    this.#view = view;
    element.addEventListener("keydown", (event) => this.#step(event));
    for (const room of rooms) {
      const unread = document.createElement("span");
      unread.className = "unread";
      const tab = document.createElement("button");
      tab.type = "button";
      tab.role = "tab";
      tab.setAttribute("aria-controls", "room");
      tab.append(`${room.name} `, unread);
      tab.addEventListener("click", () => this.choose(room));
      room.onUnread = () => write(unread, room.unread === 0 ? "" : String(room.unread));
      this.#tabs.set(room, tab);
      element.append(tab);
    }
  }

  get room() {
    return this.#view.room;
  }

  choose(room) {
    room.unread = 0;
    room.onUnread();
    for (const [other, tab] of this.#tabs) {
      tab.setAttribute("aria-selected", String(other === room));
      tab.tabIndex = other === room ? 0 : -1;
    }
    this.#view.show(room);
  }

  #step(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const rooms = [...this.#tabs.keys()];
    const next = rooms.at((rooms.indexOf(this.room) + step) % rooms.length);
    this.choose(next);
    this.#tabs.get(next).focus();
  }
}

/** The form. A message sent while disconnected is shown as waiting, and is sent after the reconnect. */
class Form {
  #client;
  #tabs;
  #view;
  #name = document.getElementById("say-name");
  #text = document.getElementById("say-text");
  #problem = document.getElementById("say-problem");
  #waiting = 0;

  constructor(client, tabs, view) {
    this.#client = client;
    this.#tabs = tabs;
    this.#view = view;
    this.#name.value = localStorage.getItem("live.name") ?? NAMES[Math.floor(Math.random() * NAMES.length)];
    this.#name.addEventListener("change", () => localStorage.setItem("live.name", this.#name.value));
    document.getElementById("say").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say();
    });
  }

  async #say() {
    const topic = this.#tabs.room.name;
    const message = { name: this.#name.value.trim(), text: this.#text.value.trim() };
    this.#text.value = "";
    write(this.#problem, "");
    const waiting = this.#view.add(message);
    waiting.dataset.waiting = "";
    this.#count(1);
    try {
      await this.#client.send("room", message, { topic });
    } catch (error) {
      write(this.#problem, `Not sent (${error.code ?? "error"}): ${error.message}`);
    }
    waiting.remove();
    this.#count(-1);
  }

  #count(change) {
    this.#waiting += change;
    const away = this.#client.status.value.phase !== "connected";
    const text = this.#waiting > 0 && away ? `${this.#waiting} waiting for the connection` : "";
    write(document.getElementById("room-waiting"), text);
  }
}
