// The page of the playground: panes of customers, the agents' groups, and the event log, fed by one stream of events.

import { t, locale, switchLanguage, translate } from "./words.js";
import { Talks, card, firstLine, oneLine } from "./talks.js";
import { Pane, clock, make } from "./pane.js";
import { Log } from "./log.js";

const channels = { "shop-wechat": "wechat", "shop-wechat-passive": "wechat", "shop-telegram": "telegram", "shop-feishu": "feishu" };
const commands = ["/help", "/cases", "/who", "/claim", "/note ", "/close ", "/ticket ", "/on", "/off"];
const byID = (id) => document.getElementById(id);

const state = await (await fetch("state")).json();
const talks = new Talks();
const log = new Log(byID("log"), talks);
const page = { talks, act };

/** Posts to the server; a refusal is shown and makes it false. */
async function act(path, body) {
  try {
    const res = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
    if (res.ok) return await res.json();
    complain((await res.text()).trim());
  } catch (e) {
    complain(e.message);
  }
  return false;
}

let complaint;
function complain(text) {
  const alert = byID("alert");
  alert.textContent = t("failed", text);
  alert.hidden = false;
  clearTimeout(complaint);
  complaint = setTimeout(() => { alert.hidden = true; }, 6000);
}

// Customers: one pane for each inbox.

const newCustomer = "new";
const customerPanes = new Map(); // inbox -> {pane, people, chosen}

function addCustomerPane(customer) {
  const { inbox } = customer;
  const channel = channels[inbox];
  const label = inbox === "shop-wechat-passive" ? "wechatPassive" : channel;
  const root = make("section", { class: `pane ${channel}`, "data-view": inbox, "data-inbox": inbox });
  byID("customers").append(root);
  const c = { people: [customer], chosen: customer.id };
  talks.names.set(`${inbox}|${customer.id}`, customer.name);
  // The item of a menu has its key in Text on Feishu, and in Press on WeChat.
  const event = ({ event: name, key }) => ({
    label: t(`event_${name}_${channel}`) + (key ? ` (${key})` : ""),
    run: () => c.pane.say({ Event: name, ...(key && { [channel === "feishu" ? "Text" : "Press"]: key }) }),
  });
  c.pane = new Pane(root, page, {
    inbox, channel,
    title: () => t("customerOf", t(label)),
    heading: () => t(label),
    place: () => ({ From: c.chosen }),
    people: () => [...c.people.map(({ id }) => ({ id, name: talks.name(inbox, id) })), { id: newCustomer, name: t("newCustomer") }],
    menu: () => [
      { title: t("sendKind"), entries: kindEntries(inbox, c.pane) },
      { title: t("doEvent"), entries: state.events[inbox].map(event) },
    ],
    chosen: (id) => chooseCustomer(c, inbox, id),
  });
  c.pane.show(talks.talk(inbox, c.chosen));
  customerPanes.set(inbox, c);
}

function kindEntries(inbox, pane) {
  const made = state.kinds[inbox].map((kind) => ({ label: t(`kind_${kind}`), run: () => pane.sendKind(kind) }));
  return [{ label: t("chooseFile"), run: () => pane.choose() }, ...made];
}

function chooseCustomer(c, inbox, id) {
  if (id === newCustomer) {
    const n = Date.now() % 1_000_000;
    id = { "shop-wechat": `oCustomer${n}`, "shop-wechat-passive": `oCustomer${n}`, "shop-telegram": `61${String(n).padStart(6, "0")}`, "shop-feishu": `ou_customer_${n}` }[inbox];
    talks.names.set(`${inbox}|${id}`, `${t("customer")} ${c.people.length + 1}`);
    c.people.push({ inbox, id });
  }
  c.chosen = id;
  c.pane.talk = talks.talk(inbox, id);
  c.pane.relabel();
}

// The agents' groups: one of them at a time, with the list of its threads.

const desk = { inbox: state.desk, talk: null, chosen: new Map() };
const group = () => state.groups.find((g) => g.inbox === desk.inbox);
const people = (g) => [...g.agents, g.stranger];
for (const p of state.groups.flatMap(people)) talks.names.set(`${p.inbox}|${p.id}`, p.name);

desk.pane = new Pane(byID("talk"), page, {
  group: true,
  get inbox() { return desk.inbox; },
  get channel() { return channels[desk.inbox]; },
  title: () => (desk.talk?.thread ? threadTitle(desk.talk) : `${group().name} · ${t("main")}`),
  place: () => ({ From: actor(), Chat: group().chat, Thread: desk.talk?.thread ?? "" }),
  people: () => people(group()).map(({ id, name }) => ({ id, name: `${name} · ${t(id === group().stranger.id ? "stranger" : "agent")}` })),
  menu: () => [
    { title: t("commands"), entries: commands.map((text) => ({ label: text, run: () => desk.pane.insert(text) })) },
    { title: t("sendKind"), entries: kindEntries(desk.inbox, desk.pane) },
  ],
  chosen: (id) => { desk.chosen.set(desk.inbox, id); desk.pane.relabel(); },
  opens: (item) => {
    const thread = !desk.talk.thread && item.talks.find((k) => k.thread);
    return thread ? () => openThread(thread) : null;
  },
});

function actor() {
  return desk.chosen.get(desk.inbox) ?? group().agents[0].id;
}

function threadTitle(talk) {
  return firstLine(card(talk)?.text) || talk.thread;
}

/** A case is closed when its card has no buttons left. */
function isClosed(talk) {
  const c = card(talk);
  return Boolean(c?.edited && !c.buttons.length);
}

function openThread(talk) {
  desk.talk = talk;
  desk.pane.talk = talk;
  desk.pane.root.className = `talk pane ${channels[desk.inbox]}`;
  desk.pane.relabel();
  showThreads();
  refreshReactions();
}

function openGroup(inbox) {
  desk.inbox = inbox;
  desk.pane.answering();
  const g = group();
  for (const b of document.querySelectorAll("[data-group]")) b.setAttribute("aria-pressed", String(b.dataset.group === inbox));
  openThread(talks.threads(inbox, g.chat)[0] ?? talks.talk(inbox, g.chat));
}

function showThreads() {
  const g = group();
  const entry = (talk, title, line, tags) => make("li", {},
    make("button", { type: "button", class: "thread", "data-thread": talk.thread, "aria-current": talk === desk.talk ? "true" : undefined, onclick: () => openThread(talk) },
      make("span", { class: "name", dir: "auto" }, title),
      talk.unread ? make("span", { class: "unread" }, String(talk.unread)) : null, ...tags,
      make("span", { class: "line", dir: "auto" }, line)));
  const main = talks.talk(desk.inbox, g.chat);
  byID("threads").replaceChildren(
    entry(main, t("main"), t("mainHint"), []),
    ...talks.threads(desk.inbox, g.chat).map((talk) => {
      const closed = isClosed(talk);
      const last = talk.items.findLast((i) => !i.note);
      return entry(talk, threadTitle(talk), `${clock(last?.at)} · ${oneLine(last?.text)}`,
        [make("span", { class: `tag ${closed ? "closed" : "open"}` }, t(closed ? "caseClosed" : "caseOpen"))]);
    }));
  for (const b of document.querySelectorAll("[data-group]")) {
    const other = state.groups.find((x) => x.inbox === b.dataset.group);
    const fresh = b.dataset.group !== desk.inbox && talks.threads(other.inbox, other.chat).some((k) => k.unread);
    b.classList.toggle("fresh", fresh);
  }
}

// Reactions make no event of their own: they are asked for when something was sent.

let asking;
function refreshReactions() {
  clearTimeout(asking);
  asking = setTimeout(async () => {
    const talk = desk.talk;
    const items = talk.items.filter((i) => !i.note && i.from && i.id).slice(-50);
    if (!items.length) return;
    const query = new URLSearchParams([["inbox", talk.inbox], ["chat", talk.chat], ...items.map((i) => ["id", i.id])]);
    const res = await fetch(`reactions?${query}`).catch(() => null);
    if (!res?.ok) return;
    const found = await res.json();
    for (const item of items) {
      const now = found[item.id] ?? [];
      if (now.join() === item.reactions.join()) continue;
      item.reactions = now;
      for (const k of item.talks) talks.changed(k, item, false);
    }
  }, 250);
}

// What the stream brings.

talks.changed = (talk, item, isNew) => {
  if (!state.groups.some((g) => g.inbox === talk.inbox && g.chat === talk.chat)) {
    const c = customerPanes.get(talk.inbox);
    if (!c.people.some((p) => p.id === talk.chat) && !known(talk)) {
      c.people.push({ inbox: talk.inbox, id: talk.chat });
      c.pane.relabel();
    }
    if (c.pane.talk === talk) c.pane.update(item, isNew);
    if (isNew && !item.note) fresh(talk.inbox);
    return;
  }
  if (desk.pane.talk === talk) desk.pane.update(item, isNew);
  else if (isNew && talk.thread) talk.unread++;
  // The first case opens by itself; later ones wait in the list.
  if (isNew && talk.thread && talk.inbox === desk.inbox && !desk.talk.thread && talks.threads(talk.inbox, talk.chat).length === 1 && !desk.pane.box.value) openThread(talk);
  if (talk === desk.talk) desk.pane.heading.textContent = desk.pane.o.title();
  if (isNew && !item.note) fresh("desk");
  threadsChanged();
};

/** Agents have private chats too; they are no customers. */
const known = (talk) => state.groups.flatMap(people).some((p) => p.inbox === talk.inbox && p.id === talk.chat);

let listing;
function threadsChanged() {
  listing ??= requestAnimationFrame(() => { listing = undefined; showThreads(); });
}

/** Marks a view that is not shown, on narrow screens. */
function fresh(view) {
  if (document.body.dataset.view !== view) document.querySelector(`.views [data-view="${view}"]`).classList.add("fresh");
}

let run;
let completing;
function take(e) {
  switch (e.kind) {
    case "hello":
      if (run && run !== e.data) location.reload();
      run = e.data;
      break;
    case "post":
      talks.post(e.data.inbox, e.data.post);
      completing ??= setTimeout(() => { completing = undefined; log.complete(); }, 200);
      break;
    case "deed": talks.deed(e.n, e.data); break;
    case "record":
      log.record(e.n, e.data);
      if (e.data.step === "sent" || e.data.step === "failed") refreshReactions();
      break;
  }
}

let connected = null;
function online(is) {
  connected = is;
  const mark = byID("online");
  mark.className = `online ${is ? "yes" : "no"}`;
  mark.textContent = is === null ? "" : t(is ? "online" : "offline");
}

function listen() {
  const stream = new EventSource("events");
  stream.onopen = () => online(true);
  stream.onerror = () => {
    online(false);
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
  stream.onmessage = (m) => take(JSON.parse(m.data));
}

// The bar.

function showDesk() {
  for (const b of document.querySelectorAll("[data-desk]")) b.setAttribute("aria-pressed", String(b.dataset.desk === state.desk));
}

async function switchDesk(inbox) {
  const done = await act(`desk?inbox=${encodeURIComponent(inbox)}`);
  if (!done) return;
  state.desk = done.desk;
  showDesk();
  openGroup(inbox);
}

function showView(view) {
  document.body.dataset.view = view;
  for (const b of document.querySelectorAll(".views button")) {
    const current = b.dataset.view === view;
    b.setAttribute("aria-pressed", String(current));
    if (current) b.classList.remove("fresh");
  }
  for (const { pane } of customerPanes.values()) pane.bottom();
  desk.pane.bottom();
}

function relabel() {
  document.documentElement.lang = locale();
  translate(document);
  for (const { pane } of customerPanes.values()) {
    pane.root.setAttribute("aria-label", pane.o.title());
    pane.relabel();
  }
  desk.pane.relabel();
  log.show();
  showThreads();
  online(connected);
}

for (const customer of state.customers) addCustomerPane(customer);
byID("passive-view").hidden = !customerPanes.has("shop-wechat-passive");
for (const b of document.querySelectorAll("[data-desk]")) b.addEventListener("click", () => switchDesk(b.dataset.desk));
for (const b of document.querySelectorAll("[data-group]")) b.addEventListener("click", () => openGroup(b.dataset.group));
for (const b of document.querySelectorAll(".views button")) b.addEventListener("click", () => showView(b.dataset.view));
byID("language").addEventListener("click", () => { switchLanguage(); relabel(); });
showDesk();
openGroup(desk.inbox);
relabel();
showView(document.body.dataset.view);
listen();
