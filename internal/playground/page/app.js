// The page of the playground: panes of customers, the agents' groups, and the event log, fed by one stream of events.

import { t, locale, switchLanguage, translate } from "./words.js";
import { Talks, card, caseState, firstLine, oneLine, ticketOf } from "./talks.js";
import { Pane, clock, make } from "./pane.js";
import { Log } from "./log.js";

const channels = { "shop-wechat": "wechat", "shop-wechat-passive": "wechat", "shop-telegram": "telegram", "shop-feishu": "feishu" };
const commands = ["/help", "/cases", "/who", "/claim", "/note ", "/close ", "/ticket ", "/on", "/off"];
const knowledge = ["/faq add", "/faq list", "/faq test ", "/faq suggest", "/faq stats", "/faq help"];
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

// Customers: one pane for each channel. WeChat's has two accounts, one of which may only reply.

const newCustomer = "new";
const customerPanes = new Map(); // inbox -> {pane, accounts, people, chosen}

function addCustomer(customer) {
  const { inbox, id, name } = customer;
  const channel = channels[inbox];
  talks.names.set(`${inbox}|${id}`, name);
  const c = [...customerPanes.values()].find((other) => other.channel === channel) ?? addCustomerPane(channel, customer);
  c.accounts.push(inbox);
  c.people.push(customer);
  customerPanes.set(inbox, c);
}

function addCustomerPane(channel, first) {
  const root = make("section", { class: `pane ${channel}`, "data-view": first.inbox, "data-inbox": first.inbox });
  byID("customers").append(root);
  const c = { channel, accounts: [], people: [], chosen: first };
  // The item of a menu has its key in Text on Feishu, and in Press on WeChat.
  const event = ({ event: name, key }) => ({
    label: t(`event_${name}_${channel}`) + (key ? ` (${key})` : ""),
    run: () => c.pane.say({ Event: name, ...(key && { [channel === "feishu" ? "Text" : "Press"]: key }) }),
  });
  c.pane = new Pane(root, page, {
    channel,
    get inbox() { return c.chosen.inbox; },
    title: () => t("customerOf", t(channel)),
    heading: () => t(channel),
    place: () => ({ From: c.chosen.id }),
    choice: () => `${c.chosen.inbox}|${c.chosen.id}`,
    people: () => c.accounts.flatMap((inbox) => [...c.people.filter((p) => p.inbox === inbox), { inbox, id: newCustomer }].map((p) => ({
      id: `${inbox}|${p.id}`,
      name: p.id === newCustomer ? t("newCustomer") : talks.name(inbox, p.id) + (p.admin ? ` · ${t("admin")}` : ""),
      group: t(inbox === "shop-wechat-passive" ? "wechatAnswers" : "wechatPushes"),
    }))),
    state: () => withWhom(c.chosen),
    menu: () => [
      ...(c.people.some((p) => p.admin && p.inbox === c.chosen.inbox && p.id === c.chosen.id) ? [{ title: t("knowledge"), entries: knowledgeEntries(c.pane) }] : []),
      { title: t("sendKind"), entries: kindEntries(c.chosen.inbox, c.pane) },
      { title: t("doEvent"), entries: state.events[c.chosen.inbox].map(event) },
    ],
    chosen: (choice) => chooseCustomer(c, ...choice.split("|")),
  });
  c.pane.talk = talks.talk(first.inbox, first.id);
  return c;
}

// Whose case a card is about is learned from the gateway's records: its id there is card|inbox|chat#number, and it was sent for a message of the customer.

const cards = new Map(); // inbox|chat of a conversation -> {number, inbox, message, cause} of its latest case's card

function learnCard(r) {
  const [, conversation, number] = /^card\|(.+)#(\d+)$/.exec(r.id) ?? [];
  if (!conversation || !r.native || Number(number) < (cards.get(conversation)?.number ?? 0)) return;
  cards.set(conversation, { number: Number(number), inbox: r.inbox, message: r.native, cause: r.for ?? "" });
  markCustomers();
}

// A Feishu conversation is not named by its person: the message that caused the card tells who it is.
function isOf(conversation, { cause }, customer) {
  if (conversation === `${customer.inbox}|${customer.id}`) return true;
  const [inbox, chat, , native] = cause.split("|");
  return inbox === customer.inbox && talks.find(inbox, chat, native)?.chat === customer.id;
}

/** Who has a customer's talk: "bot", "waiting" for a person, "served" by one; "" before the first word. */
function withWhom(customer) {
  const [, at] = [...cards].find(([conversation, c]) => isOf(conversation, c, customer)) ?? [];
  const post = at && talks.find(at.inbox, state.groups.find((g) => g.inbox === at.inbox).chat, at.message);
  const now = caseState(post);
  if (now === "waiting" || now === "served") return now;
  return talks.talk(customer.inbox, customer.id).items.length ? "bot" : "";
}

function markCustomers() {
  for (const { pane } of new Set(customerPanes.values())) pane.mark();
}

const knowledgeEntries = (pane) => knowledge.map((text) => ({ label: text, run: () => pane.insert(text) }));

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
  c.chosen = { inbox, id };
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
  people: () => people(group()).map(({ id, name, admin }) => ({ id, name: `${name} · ${t(id === group().stranger.id ? "stranger" : admin ? "admin" : "agent")}` })),
  menu: () => [
    { title: t("commands"), entries: commands.map((text) => ({ label: text, run: () => desk.pane.insert(text) })) },
    { title: t("knowledge"), entries: knowledgeEntries(desk.pane) },
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

const lastLine = (item) => (item ? `${clock(item.at)} · ${oneLine(item.text)}` : "");

function showThreads() {
  const g = group();
  const entry = (talk, title, line, tags) => make("li", {},
    make("button", { type: "button", class: "thread", "data-thread": talk.thread, "aria-current": talk === desk.talk ? "true" : undefined, onclick: () => openThread(talk) },
      make("span", { class: "name", dir: "auto" }, title),
      talk.unread ? make("span", { class: "unread" }, String(talk.unread)) : null, ...tags.filter(Boolean),
      make("span", { class: "line", dir: "auto" }, line)));
  const main = talks.talk(desk.inbox, g.chat);
  byID("threads").replaceChildren(
    entry(main, t("main"), lastLine(main.items.findLast((i) => !i.note && !i.card)) || t("mainHint"), []),
    ...talks.threads(desk.inbox, g.chat).map((talk) => {
      const [now, ticket] = [caseState(card(talk)), ticketOf(card(talk))];
      return entry(talk, threadTitle(talk), lastLine(talk.items.findLast((i) => !i.note)), [
        now && make("span", { class: `tag ${now}` }, t(`case_${now}`)),
        ticket && make("span", { class: "tag ticket", title: t("ticket") }, `🎫 ${ticket}`),
      ]);
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
    if (!c.people.some((p) => p.inbox === talk.inbox && p.id === talk.chat) && !known(talk)) {
      c.people.push({ inbox: talk.inbox, id: talk.chat });
      c.pane.relabel();
    }
    if (c.pane.talk === talk) c.pane.update(item, isNew);
    if (isNew && !item.note) fresh(c.accounts[0]);
    if (isNew) c.pane.mark();
    return;
  }
  if (desk.pane.talk === talk) desk.pane.update(item, isNew);
  else if (isNew && (talk.thread || !item.from && !item.card)) talk.unread++;
  if (!item.from) markCustomers(); // it may be a card
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
      if (e.data.step === "sent") learnCard(e.data);
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
  for (const { pane } of new Set(customerPanes.values())) pane.bottom();
  desk.pane.bottom();
}

function relabel() {
  document.documentElement.lang = locale();
  translate(document);
  for (const { pane } of new Set(customerPanes.values())) {
    pane.root.setAttribute("aria-label", pane.o.title());
    pane.relabel();
  }
  desk.pane.relabel();
  log.show();
  showThreads();
  online(connected);
}

for (const customer of state.customers) addCustomer(customer);
for (const p of state.staff) {
  talks.names.set(`${p.inbox}|${p.id}`, p.name);
  customerPanes.get(p.inbox).people.push(p);
}
for (const b of document.querySelectorAll("[data-desk]")) b.addEventListener("click", () => switchDesk(b.dataset.desk));
for (const b of document.querySelectorAll("[data-group]")) b.addEventListener("click", () => openGroup(b.dataset.group));
for (const b of document.querySelectorAll(".views button")) b.addEventListener("click", () => showView(b.dataset.view));
byID("language").addEventListener("click", () => { switchLanguage(); relabel(); });
showDesk();
openGroup(desk.inbox);
relabel();
showView(document.body.dataset.view);
listen();
