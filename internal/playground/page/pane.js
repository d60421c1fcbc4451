// A pane shows one talk and lets people type in it. All words of people and platforms are put in as text nodes.

import { t, locale, translate } from "./words.js";
import { firstLine } from "./talks.js";

const icons = {
  image: "🖼️", photo: "🖼️", album: "🖼️", sticker: "😀", voice: "🎤", audio: "🎤", video: "🎬", video_note: "🎬", animation: "🎞️", shortvideo: "🎬", media: "🎬", file: "📎", document: "📎",
  location: "📍", venue: "📍", link: "🔗", contact: "👤", share_user: "👤", post: "📝", merge_forward: "🗂️", dice: "🎲",
};

const emoji = { DONE: "✅", CheckMark: "✅", OK: "👌", OnIt: "👀", Get: "👀", THUMBSUP: "👍", LGTM: "👍", CrossMark: "❌", ERROR: "❌", No: "❌", Yes: "✅", THINKING: "🤔", Typing: "✍️", SMILE: "😊" };

/** Makes an element; strings among the children become text nodes. */
export function make(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) e.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) e.setAttribute(name, value === true ? "" : value);
  }
  e.append(...children.filter((c) => c != null));
  return e;
}

export const clock = (at) => new Date(at).toLocaleTimeString(locale(), { hour12: false });

/** A short steady hue of a name, for avatars. */
function hue(name) {
  let h = 0;
  for (const c of name) h = (h * 31 + c.codePointAt(0)) % 360;
  return h;
}

export class Pane {
  /**
   * desk gives the pane what it needs of the page: talks, act(path, body) and people(): [{id, name, group}].
   * o: inbox, channel (wechat, telegram, feishu), group (true in the agents' group), title(), menu(): the sections of the ＋ menu,
   * state(): "bot", "waiting", "served" or nothing.
   */
  constructor(root, desk, o) {
    this.root = root;
    this.desk = desk;
    this.o = o;
    this.elements = new Map(); // item -> li
    root.append(document.getElementById("pane").content.cloneNode(true));
    const find = (selector) => root.querySelector(selector);
    Object.assign(this, {
      head: find(".head"), heading: find("h2"), state: find(".state"), who: find(".who"), posts: find(".posts"), quote: find(".quoting"), form: find("form"), box: find("textarea"), plus: find(".plus"), menu: find(".menu"),
    });
    this.who.addEventListener("change", () => o.chosen(this.who.value));
    this.form.addEventListener("submit", (e) => { e.preventDefault(); this.submit(); });
    this.box.addEventListener("keydown", (e) => this.key(e));
    this.box.addEventListener("beforeinput", (e) => this.beforeInput(e));
    this.box.addEventListener("input", () => this.fit());
    this.quote.querySelector("button").addEventListener("click", () => this.answering());
    this.plus.addEventListener("click", () => this.openMenu(this.menu.hidden));
    this.menu.addEventListener("keydown", (e) => { if (e.key === "Escape") { this.openMenu(false); this.plus.focus(); } });
    document.addEventListener("click", (e) => { if (!e.target.closest(".more")) this.openMenu(false); });
  }

  // Enter sends; while an input method composes, Enter belongs to it.
  key(e) {
    this.shift = e.shiftKey;
    if (e.key === "Escape") this.answering();
    if (e.key !== "Enter" || e.shiftKey || e.isComposing || e.keyCode === 229) return;
    e.preventDefault();
    this.submit();
  }

  // The keyboards of phones tell only here that it was Enter.
  beforeInput(e) {
    if (e.inputType !== "insertLineBreak" || this.shift || e.isComposing) return;
    e.preventDefault();
    this.submit();
  }

  fit() {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(this.box.scrollHeight + 2, 140)}px`;
  }

  async submit() {
    const text = this.box.value;
    if (!text.trim()) return;
    const { replyTo, editing } = this;
    this.box.value = "";
    this.answering();
    this.fit();
    const ok = editing
      ? await this.desk.act("edit", { inbox: this.o.inbox, From: editing.from, Chat: editing.group ? editing.chat : "", ID: editing.id, Text: text })
      : await this.say({ Text: text, ReplyTo: replyTo?.id });
    if (!ok && !this.box.value) {
      this.box.value = text;
      this.fit();
    }
  }

  say(what) {
    return this.desk.act("say", { inbox: this.o.inbox, say: { ...this.o.place(), Name: this.desk.talks.name(this.o.inbox, this.o.place().From), ...what } });
  }

  /** Sends something of a kind; what is typed goes along as its caption, title or recognized words. */
  async sendKind(kind) {
    const text = this.box.value;
    const sent = await this.say({ Kind: kind, Text: text, ReplyTo: this.replyTo?.id });
    if (!sent || this.box.value !== text) return;
    this.box.value = "";
    this.answering();
    this.fit();
  }

  /** Lets the person choose a file and sends it; what is typed goes along as its caption. */
  choose() {
    const input = make("input", { type: "file" });
    input.addEventListener("change", () => input.files[0] && this.upload(input.files[0]));
    input.click();
  }

  async upload(file) {
    const coded = await new Promise((done) => {
      const reader = new FileReader();
      reader.onload = () => done(reader.result.split(",", 2)[1] ?? "");
      reader.onerror = () => done("");
      reader.readAsDataURL(file);
    });
    const text = this.box.value;
    const sent = await this.say({ Text: text, ReplyTo: this.replyTo?.id, File: { Name: file.name, MIME: file.type, Data: coded } });
    if (!sent || this.box.value !== text) return;
    this.box.value = "";
    this.answering();
    this.fit();
  }

  press(item, data) {
    return this.say({ Press: data, ReplyTo: item.id });
  }

  /** Quotes an item in the next message, or edits it; without one it stops that. */
  answering(item, edit) {
    const was = this.editing;
    this.replyTo = edit ? undefined : item;
    this.editing = edit ? item : undefined;
    this.quote.hidden = !item;
    if (was && !edit) this.box.value = "";
    if (!item) return;
    this.quote.querySelector("span").textContent = edit ? t("editing") : t("quoting", firstLine(item.text));
    if (edit) this.box.value = item.text;
    this.box.focus();
    this.fit();
  }

  openMenu(open) {
    this.menu.hidden = !open;
    this.plus.setAttribute("aria-expanded", String(open));
    if (!open) return;
    this.menu.replaceChildren(...this.o.menu().flatMap(({ title, entries }) => [
      make("h3", {}, title),
      make("div", { class: "entries" }, ...entries.map(({ label, run }) =>
        make("button", { type: "button", onclick: () => { this.openMenu(false); run(); } }, label))),
    ]));
    this.menu.querySelector("button")?.focus();
  }

  insert(text) {
    this.box.value = text;
    this.box.focus();
    this.fit();
  }

  /** Writes the texts that depend on the language and the people. */
  relabel() {
    const { inbox } = this.o;
    translate(this.root);
    this.heading.textContent = this.o.heading?.() ?? this.o.title();
    const chosen = this.o.place().From;
    this.#options(this.o.people(), this.o.choice?.() ?? chosen);
    this.mark();
    const name = this.desk.talks.name(inbox, chosen);
    this.box.setAttribute("aria-label", t("writeAs", name));
    this.box.placeholder = t("says", name);
    this.posts.setAttribute("aria-label", t("postsOf", this.o.title()));
    if (this.talk) this.show(this.talk);
  }

  // People of more than one account are told apart by the account's name above them.
  #options(people, chosen) {
    const option = ({ id, name }) => {
      const e = make("option", { value: id }, name);
      e.selected = id === chosen;
      return e;
    };
    const groups = new Map();
    for (const p of people) groups.set(p.group, [...(groups.get(p.group) ?? []), option(p)]);
    this.who.replaceChildren(...(groups.size < 2 ? [...groups.values()].flat() : [...groups].map(([label, some]) => make("optgroup", { label }, ...some))));
  }

  /** Shows who has the talk now: the bot, nobody yet, or an agent. */
  mark() {
    const state = this.o.state?.();
    this.state.hidden = !state;
    if (!state) return;
    this.state.className = `state ${state}`;
    this.state.textContent = t(`with_${state}`);
  }

  /** Shows a talk from its beginning. */
  show(talk) {
    if (this.talk !== talk) this.answering();
    this.talk = talk;
    talk.unread = 0;
    this.elements.clear();
    this.posts.replaceChildren();
    for (const item of talk.items) this.#append(item, null);
    this.#hint();
    this.bottom();
  }

  /** Takes a change of the talk shown. */
  update(item, isNew) {
    const near = this.posts.scrollHeight - this.posts.scrollTop - this.posts.clientHeight < 80;
    if (isNew) {
      this.posts.querySelector(".empty")?.remove();
      const next = this.talk.items[this.talk.items.indexOf(item) + 1];
      this.#append(item, this.elements.get(next) ?? null);
    } else if (this.elements.has(item)) {
      const li = this.#item(item);
      this.elements.get(item).replaceWith(li);
      this.elements.set(item, li);
    }
    if (near || item.from === this.o.place().From) this.bottom();
  }

  bottom() {
    this.posts.scrollTop = this.posts.scrollHeight;
  }

  #append(item, before) {
    const li = this.#item(item);
    this.elements.set(item, li);
    this.posts.insertBefore(li, before);
  }

  #hint() {
    if (this.talk.items.length) return;
    const tries = this.o.group ? [] : ["try1", "try2", "try3", "try4"].map((k) => make("button", { type: "button", class: "try", onclick: () => this.say({ Text: t(k) }) }, t(k)));
    this.posts.append(make("li", { class: "empty" }, make("p", {}, t(this.o.group ? (this.talk.thread ? "emptyThread" : "noCases") : "emptyChat")), ...tries));
  }

  #item(item) {
    if (item.note) return make("li", { class: "note" }, make("span", { dir: "auto" }, this.#note(item)));
    if (item.from === "system") return make("li", { class: "note" }, make("span", { dir: "auto" }, item.text));
    const mine = item.from && (!this.o.group || item.from === this.o.place().From);
    const name = item.from ? this.desk.talks.name(item.inbox, item.from) : t("account");
    const avatar = make("span", { class: "avatar", "aria-hidden": "true" }, item.from ? [...name][0] : "🤖");
    if (item.from) avatar.style.setProperty("--hue", hue(name));
    return make("li", { class: `post ${mine ? "mine" : "theirs"}${item.from ? "" : " account"}`, "data-seq": item.seq }, avatar,
      make("div", { class: "body" }, this.#meta(item, name), this.#quoted(item), this.#bubble(item), this.#buttons(item), this.#reactions(item), this.#tools(item)));
  }

  #note(item) {
    const name = this.desk.talks.name(item.inbox, item.from);
    return item.event ? t("did", name, t(`event_${item.event}_${this.o.channel}`) + (item.label ? ` (${item.label})` : "")) : t("pressed", name, item.label);
  }

  #meta(item, name) {
    return make("div", { class: "meta" }, make("b", { dir: "auto" }, name), make("time", { datetime: new Date(item.at).toISOString() }, clock(item.at)),
      item.via === "passive" ? make("span", { class: "tag passive", title: t("passiveHint") }, t("passive")) : null,
      item.edited ? make("span", { class: "tag edited" }, t("edited")) : null);
  }

  #quoted(item) {
    const to = item.replyTo && item.replyTo !== item.thread && this.desk.talks.find(item.inbox, item.chat, item.replyTo);
    return to ? make("div", { class: "quote", dir: "auto" }, firstLine(to.text) || this.#kind(to)) : null;
  }

  #kind(item) {
    return `${icons[item.kind] ?? "📎"} ${t(`kind_${item.kind ?? ""}`)}`;
  }

  #bubble(item) {
    const bubble = make("div", { class: `bubble${item.card && item.group ? " card" : ""}`, dir: "auto" });
    let text = item.text;
    if (item.kind || !text && !item.file) {
      bubble.append(make("span", { class: "kind" }, this.#kind(item)));
      text = text.replace(/^\[\w+\] ?/, "");
    }
    if (item.file) bubble.append(this.#file(item));
    if (item.card && item.group) {
      const title = firstLine(text);
      bubble.append(make("strong", { class: "title" }, title));
      text = text.trim().slice(title.length).trimStart();
    }
    const lines = text.split("\n");
    const links = this.o.channel === "wechat" ? item.buttons : [];
    lines.forEach((line, i) => {
      const link = links.find((b) => b.Label === line);
      bubble.append(link ? make("button", { type: "button", class: "link", onclick: () => this.press(item, link.Data) }, line) : line);
      if (i < lines.length - 1) bubble.append("\n");
    });
    return bubble;
  }

  #file(item) {
    const { MIME: type, Name: name } = item.file;
    const src = `file?${new URLSearchParams({ inbox: item.inbox, seq: item.fileSeq })}`;
    const label = name || t(`kind_${item.kind ?? ""}`);
    const family = (type ?? "").split("/", 1)[0];
    const shown = {
      image: () => make("img", { class: "file", src, alt: label }),
      video: () => make("video", { class: "file", src, controls: true, preload: "metadata" }),
      audio: () => make("audio", { class: "file", src, controls: true, preload: "metadata" }),
    }[family];
    const link = () => make("a", { class: "file", href: src, download: label }, `${icons.file} ${label}`);
    const e = shown?.() ?? link();
    e.addEventListener("error", () => e.replaceWith(link())); // formats of phones that browsers cannot show
    return e;
  }

  #buttons(item) {
    if (!item.buttons.length || this.o.channel === "wechat") return null;
    return make("div", { class: "buttons" }, ...item.buttons.map((b) =>
      make("button", { type: "button", onclick: () => this.press(item, b.Data), "data-press": b.Data, dir: "auto" }, b.Label)));
  }

  #reactions(item) {
    return item.reactions.length ? make("div", { class: "reactions" }, ...item.reactions.map((r) => make("span", {}, emoji[r] ?? r))) : null;
  }

  #tools(item) {
    const tool = (label, run) => make("button", { type: "button", class: "tool", onclick: run }, label);
    const tools = item.id ? [tool(t("reply"), () => this.answering(item))] : [];
    if (item.from && this.o.channel !== "wechat" && !item.kind && item.text) tools.push(tool(t("edit"), () => this.answering(item, true)));
    if (this.o.opens?.(item)) tools.unshift(make("button", { type: "button", class: "tool open", onclick: () => this.o.opens(item)() }, t("openThread")));
    return make("div", { class: "tools" }, ...tools);
  }
}
