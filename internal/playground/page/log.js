// The event log: what the gateway did with each message, newest first.

import { t } from "./words.js";
import { clock, make } from "./pane.js";
import { oneLine } from "./talks.js";

const groups = {
  received: "in", duplicate: "in", handled: "decided", given_up: "decided", queued: "out", sending: "out", sent: "out", failed: "out", unknown: "out", parked: "out",
};
const bad = new Set(["duplicate", "given_up", "failed", "unknown", "parked"]);
const channels = { "shop-wechat": "wechat", "shop-wechat-passive": "wechat", "shop-telegram": "telegram", "shop-feishu": "feishu" };

// shownMost rows are in the page; the filter works on all.
const shownMost = 500;

export class Log {
  constructor(root, talks) {
    this.talks = talks;
    this.all = []; // oldest first
    this.last = 0;
    this.rows = new WeakMap(); // li -> record
    this.list = root.querySelector("#records");
    this.steps = root.querySelector("#log-steps");
    this.filter = root.querySelector("#log-filter");
    this.count = root.querySelector("#log-count");
    this.steps.addEventListener("change", () => this.show());
    this.filter.addEventListener("input", () => this.show());
  }

  /** Takes record number n of the stream. */
  record(n, r) {
    if (n <= this.last) return;
    this.last = n;
    this.all.push(r);
    if (!this.#wanted(r)) return;
    this.list.querySelector(".empty")?.remove();
    this.list.prepend(this.#row(r));
    while (this.list.children.length > shownMost) this.list.lastChild.remove();
    this.#number();
  }

  /** Adds the words of messages that arrived after their records. */
  complete() {
    for (const row of this.list.querySelectorAll(".record")) {
      const about = row.querySelector(".about");
      if (!about.textContent) about.textContent = this.#about(this.rows.get(row));
    }
  }

  show() {
    const rows = [];
    for (let i = this.all.length - 1; i >= 0 && rows.length < shownMost; i--) {
      if (this.#wanted(this.all[i])) rows.push(this.#row(this.all[i]));
    }
    if (!this.all.length) rows.push(make("li", { class: "empty" }, t("logEmpty")));
    this.list.replaceChildren(...rows);
    this.list.scrollTop = 0;
    this.#number();
  }

  #number() {
    this.shown = this.list.querySelectorAll(".record").length;
    this.count.textContent = `${this.shown} / ${this.all.length}`;
  }

  #wanted(r) {
    const step = this.steps.value;
    if (step === "bad" ? !bad.has(r.step) : step && groups[r.step] !== step) return false;
    const words = this.filter.value.trim().toLowerCase();
    if (!words) return true;
    const text = [r.step, t(`step_${r.step}`), r.id, r.for, r.inbox, r.decision, r.reason, r.via, this.#about(r)].join(" ").toLowerCase();
    return words.split(/\s+/).every((w) => text.includes(w));
  }

  // An incoming entry's id is inbox|chat|kind|the platform's message id.
  #words(id) {
    const [inbox, chat, , native] = (id ?? "").split("|");
    const item = native && this.talks.find(inbox, chat, native);
    return item ? oneLine(item.text) : "";
  }

  #about(r) {
    const own = this.#words(r.id);
    if (own) return own;
    const answered = this.#words(r.for);
    return answered ? t("about", answered) : "";
  }

  #row(r) {
    const reason = r.reason ? make("span", { class: "reason" }, r.reason) : null;
    const via = r.via ? make("span", { class: "tag passive" }, r.via === "passive" ? t("passive") : r.via) : null;
    const li = make("li", { class: `record ${groups[r.step] ?? ""}${bad.has(r.step) ? " bad" : ""}` },
      make("time", { datetime: r.at }, clock(Date.parse(r.at))),
      make("span", { class: "step" }, t(`step_${r.step}`)),
      make("span", { class: `inbox ${channels[r.inbox] ?? ""}` }, t(r.inbox === "shop-wechat-passive" ? "wechatPassive" : channels[r.inbox] ?? r.inbox)),
      make("span", { class: "what" }, r.decision ? make("code", {}, r.decision) : null, reason, via, make("span", { class: "about", dir: "auto" }, this.#about(r))),
      make("button", { type: "button", class: "id", title: `${r.id}\n${t("trace")}`, "aria-label": t("trace"), onclick: () => this.#trace(r.for || r.id) }, make("bdi", {}, r.id)));
    this.rows.set(li, r);
    return li;
  }

  #trace(id) {
    this.filter.value = id;
    this.show();
  }
}
