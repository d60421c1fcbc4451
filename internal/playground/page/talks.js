// What was said, by place. A talk is one list of items: a private chat, a thread of a group, or a group's main view (thread "").
// An item is a post, or a note about something done that makes no post: an event, a pressed button.

export class Talks {
  constructor() {
    this.talks = new Map(); // inbox|chat|thread
    this.bySeq = new Map(); // inbox|seq
    this.byID = new Map(); // inbox|chat|message id, and inbox||message id
    this.kinds = new Map(); // inbox|message id -> kind of message
    this.names = new Map(); // inbox|person -> name
    this.waiting = new Map(); // inbox|message id -> presses of its buttons that came before it
    this.seen = new Map(); // inbox -> latest seq
    this.deeds = 0;
    this.changed = () => {}; // called with (talk, item, isNew)
  }

  talk(inbox, chat, thread = "") {
    const key = `${inbox}|${chat}|${thread}`;
    if (!this.talks.has(key)) this.talks.set(key, { key, inbox, chat, thread, items: [], unread: 0 });
    return this.talks.get(key);
  }

  name(inbox, person) {
    return this.names.get(`${inbox}|${person}`) ?? person;
  }

  find(inbox, chat, id) {
    return this.byID.get(`${inbox}|${chat}|${id}`) ?? this.byID.get(`${inbox}||${id}`);
  }

  /** Takes a post of the stream; one seen before is dropped. */
  post(inbox, p) {
    if (p.Seq <= (this.seen.get(inbox) ?? 0)) return;
    this.seen.set(inbox, p.Seq);
    const old = p.Edited && this.bySeq.get(`${inbox}|${p.Edited}`);
    if (old) {
      Object.assign(old, { text: p.Text, file: p.File, fileSeq: p.Seq, buttons: p.Buttons ?? [], edited: true });
      label(old);
      for (const talk of old.talks) this.changed(talk, old, false);
      return;
    }
    const item = {
      inbox, seq: p.Seq, id: p.ID, chat: p.Chat, group: p.Group, thread: p.Thread, from: p.From, text: p.Text, card: p.Card, buttons: p.Buttons ?? [],
      replyTo: p.ReplyTo, via: p.Via, at: Date.parse(p.At), kind: this.kinds.get(`${inbox}|${p.ID}`), reactions: [], talks: [],
      file: p.File, fileSeq: p.Seq, // the bytes are at file?inbox=&seq=
      labels: new Map(), // data -> label of every button it ever had
    };
    label(item);
    this.bySeq.set(`${inbox}|${p.Seq}`, item);
    if (p.ID) {
      this.byID.set(`${inbox}|${p.Chat}|${p.ID}`, item);
      this.byID.set(`${inbox}||${p.ID}`, item);
    }
    this.#place(item);
    const key = `${inbox}|${p.ID}`;
    for (const press of this.waiting.get(key) ?? []) this.#note(press);
    this.waiting.delete(key);
  }

  // On Feishu a thread is named by its root, which itself stands in the main view: the root is shown in both. A card in the main view, or what it replies to, is
  // the root of the thread in which people may answer.
  #place(item) {
    this.#join(item, item.thread);
    if (item.group && !item.thread && item.card && !item.from) this.#join(item, item.replyTo || item.id);
  }

  #join(item, thread) {
    const talk = this.talk(item.inbox, item.chat, thread);
    const root = thread && this.byID.get(`${item.inbox}|${item.chat}|${thread}`);
    if (root && root !== item && !root.talks.includes(talk)) this.#add(talk, root);
    this.#add(talk, item);
  }

  #add(talk, item) {
    item.talks?.push(talk);
    let at = talk.items.length;
    while (at > 0 && talk.items[at - 1].at > item.at) at--;
    talk.items.splice(at, 0, item);
    this.changed(talk, item, true);
  }

  /** Takes deed number n of the stream. */
  deed(n, { inbox, id, at, say }) {
    if (n <= this.deeds) return;
    this.deeds = n;
    if (say.Name) this.names.set(`${inbox}|${say.From}`, say.Name);
    if (say.Kind) {
      this.kinds.set(`${inbox}|${id}`, say.Kind);
      const item = this.find(inbox, say.Chat || say.From, id);
      if (item) {
        item.kind = say.Kind;
        for (const talk of item.talks) this.changed(talk, item, false);
      }
    }
    if (!say.Event && !say.Press) return;
    if (say.Press && !say.Event && inbox.startsWith("shop-wechat")) return; // the customer's tap is a message there
    if (say.Event === "start" && inbox === "shop-telegram") return; // so is this
    this.#note({ inbox, at, say });
  }

  // The sources of the stream are not in order: a press may come before the message it was on.
  #note({ inbox, at, say }) {
    const on = this.byID.get(`${inbox}|${say.Chat || say.From}|${say.ReplyTo}`);
    if (say.Press && !say.Event && !on) {
      const key = `${inbox}|${say.ReplyTo}`;
      this.waiting.set(key, [...(this.waiting.get(key) ?? []), { inbox, at, say }]);
      return;
    }
    const talk = on?.talks.at(-1) ?? this.talk(inbox, say.Chat || say.From, say.Thread);
    const pressed = on?.labels.get(say.Press) ?? (say.Press || (say.Event && say.Text));
    this.#add(talk, { note: true, inbox, from: say.From, event: say.Event, label: pressed, at: Date.parse(at) });
  }

  /** The threads of a group, the latest first. */
  threads(inbox, chat) {
    const all = [...this.talks.values()].filter((k) => k.inbox === inbox && k.chat === chat && k.thread);
    return all.sort((a, b) => (b.items.at(-1)?.at ?? 0) - (a.items.at(-1)?.at ?? 0));
  }
}

function label(item) {
  for (const b of item.buttons) item.labels.set(b.Data, b.Label);
}

const offers = (item, button) => item.buttons.some((b) => b.Data === button || b.Data.startsWith(`${button}:`));

// A card offers to claim a case that waits, and to close one that is served; what never did is no case's card.
const offered = (item, button) => [...item.labels.keys()].some((data) => data === button || data.startsWith(`${button}:`));

/** What a case's card says: "waiting", "served" or "closed"; "" for another post. */
export function caseState(card) {
  if (!card) return "";
  if (offers(card, "claim")) return "waiting";
  if (offers(card, "close")) return "served";
  return offered(card, "claim") || offered(card, "close") ? "closed" : "";
}

/** The number of the ticket that came of a case, as "#1001"; "" = none. */
export const ticketOf = (card) => /^(?:工单|Ticket)[^#\n]*(#\d+)/m.exec(card?.text ?? "")?.[1] ?? "";

/** The first post of the account in a thread: a case's card. */
export const card = (talk) => talk.items.find((i) => !i.note && !i.from);

export const firstLine = (text) => (text ?? "").trim().split("\n", 1)[0];

export const oneLine = (text) => (text ?? "").trim().replace(/\s+/g, " ");
