// The Slack side: one member of staff's Home tab, messages with the bot, and the modals it opens.
import { get, post } from "./api.js";
import { makeBlocks } from "./blocks.js";
import { askConfirm, focusFirst, makeDialog } from "./dialog.js";
import { badge, byId, debounce, following, h, keepPlaced, link, reconcile, showLast } from "./dom.js";
import { words } from "./elements.js";
import { mrkdwn, nameOf } from "./mrkdwn.js";
import { bySchoolClock, dayHeading, timeOfDay } from "./time.js";

const SLOW = "Earshot did not answer Slack within three seconds, so nothing may have happened.";

// As the app's manifest has it.
const READ_ONLY = "In Slack nobody can write words here, only commands: try /earshot help.";

/** Wires the workspace in the page; `tell(sentence)` shows a problem, `seen()` is called after messages were read. */
export function makeSlack({ tell, seen, tabChosen }) {
  const home = byId("slack-home");
  const dm = byId("slack-dm");
  const log = byId("slack-log");
  const layer = byId("slack-layer");
  const tabs = { home: byId("slack-tab-home"), dm: byId("slack-tab-dm") };
  let user = null;
  let tab = "dm";
  let channel = "";
  let view = null;
  let homeView = null;
  let opener = null;
  const entered = new Map();

  const enteredFor = (id) => {
    if (!entered.has(id)) entered.set(id, {});
    return entered.get(id);
  };

  async function attempt(work) {
    try {
      return await work();
    } catch (error) {
      tell(error.message);
      return null;
    }
  }

  /** Sends one block action from `place` (a message's channel and ts, or a view's id), asking first where the app wants. */
  async function send(place, { block_id, element, value, target }) {
    if (element.confirm && !(await askConfirm(layer, element.confirm, words))) return;
    target?.setAttribute("aria-busy", "true");
    const answer = await attempt(() =>
      post(`/workspace/${user}/click`, { ...place, block_id, action_id: element.action_id, value }),
    );
    target?.removeAttribute("aria-busy");
    report(answer);
  }

  /** Says when the app did not answer Slack in time, or answered something Slack does not accept. */
  function report(answer) {
    if (!answer) return;
    if (!answer.acked) tell(SLOW);
    else if (answer.refused) tell(`Slack refused what Earshot answered (${answer.refused}).`);
  }

  function messageItem(message) {
    const place = { channel, ts: message.ts };
    const mine = message.from === user;
    const author = mine ? nameOf(user) : "Earshot";
    const blocks = message.blocks?.length
      ? makeBlocks(message.blocks, { entered: enteredFor(message.ts), send: (action) => send(place, action) })
      : h("div", { class: "mrkdwn" }, mrkdwn(message.text ?? ""));
    return h(
      "li",
      { class: mine ? "mine" : "theirs", "data-ts": message.ts },
      message.heading && h("p", { class: "day" }, message.heading),
      h(
        "div",
        { class: "message" },
        h("span", { class: "avatar", "aria-hidden": "true" }, author[0]),
        h(
          "div",
          { class: "message-body" },
          h(
            "p",
            { class: "by" },
            h("strong", {}, author),
            !mine && h("span", { class: "app" }, "APP"),
            h("span", { class: "meta" }, message.time),
            message.ephemeral && h("span", { class: "meta" }, "Only visible to you"),
          ),
          blocks,
          (message.files ?? []).map(attached),
          message.edited && h("span", { class: "meta" }, "(edited)"),
        ),
      ),
    );
  }

  function attached(file) {
    const address = `/workspace/files/${file.id}`;
    const name = file.title || file.name;
    const shown = file.mimetype?.startsWith("image/") ? h("img", { src: address, alt: file.alt_txt || name }) : name;
    return h("figure", { class: "block" }, link(address, shown));
  }

  function dressed(messages) {
    let day = null;
    return messages.map((message) => {
      const seconds = bySchoolClock(Number(message.ts));
      const today = dayHeading(seconds);
      const heading = today === day ? null : today;
      day = today;
      return { ...message, heading, time: timeOfDay(seconds) };
    });
  }

  async function loadMessages(fresh = false) {
    const asked = user;
    await attempt(async () => {
      const conversations = await get(`/workspace/${asked}/conversations`);
      if (asked !== user) return;
      const direct = conversations.find((one) => one.id.startsWith("D"));
      channel = direct?.id ?? "";
      showUnread(tab === "dm" ? 0 : direct?.unread);
      // Messages nobody looks at stay unread: they are fetched, which reads them, only while their tab is open.
      if (tab !== "dm") return;
      const messages = await get(`/workspace/${asked}/messages?channel=${encodeURIComponent(channel)}`);
      if (asked !== user || tab !== "dm") return;
      const follow = fresh || following(log);
      if (fresh) log.replaceChildren();
      const changed = reconcile(log, dressed(messages), (message) => message.ts, messageItem);
      if (changed && follow) showLast(log);
      seen();
    });
    log.classList.toggle("is-empty", !log.children.length);
  }

  function showUnread(count) {
    tabs.dm.replaceChildren("Earshot messages", badge(count) ?? "");
  }

  async function loadHome() {
    const asked = user;
    const published = await attempt(() => get(`/workspace/${asked}/home`));
    if (asked !== user || tab !== "home") return;
    const print = JSON.stringify(published);
    if (homeView === print) return;
    homeView = print;
    const held = home.contains(document.activeElement) ? document.activeElement.dataset.actionId : null;
    const content = published?.blocks
      ? makeBlocks(published.blocks, {
          entered: enteredFor(published.id ?? "home"),
          send: (action) => send({ view_id: published.id }, action),
        })
      : h("p", { class: "note" }, "Earshot has not put anything here yet.");
    home.replaceChildren(h("div", { class: "home-inner" }, content));
    if (held) home.querySelector(`[data-action-id="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
  }

  const openHome = () => attempt(() => post(`/workspace/${user}/home/open`));

  /** What stands behind a dialog and does the same action, from the top. */
  function alike(action) {
    return [...byId("slack-content").querySelectorAll(`[data-action-id="${CSS.escape(action)}"]`)];
  }

  function closeLayer() {
    layer.replaceChildren();
    layer.hidden = true;
    byId("slack-content").inert = false;
    // Back to what was pressed, where it is still there; it may have been shown anew meanwhile.
    const pressed = opener ? alike(opener.action)[opener.at] : null;
    if (layer.dataset.back) (pressed ?? byId(layer.dataset.back)).focus();
  }

  async function closeView() {
    const closing = view;
    await attempt(() => post(`/workspace/${user}/view/close`, { view_id: closing.id }));
    await loadView();
  }

  async function submitView(event) {
    event.preventDefault();
    const submitting = view;
    const button = layer.querySelector("[data-testid=slack-modal-submit]");
    button?.setAttribute("aria-busy", "true");
    // A view may have been replaced since: what was entered in blocks that are gone is left behind.
    const inSight = new Set(submitting.blocks.map((block) => block.block_id));
    const values = Object.fromEntries(Object.entries(enteredFor(submitting.id)).filter(([block]) => inSight.has(block)));
    const answer = await attempt(() => post(`/workspace/${user}/view/submit`, { view_id: submitting.id, values }));
    button?.removeAttribute("aria-busy");
    if (!answer) return;
    if (answer.errors) {
      showView(submitting, answer.errors);
      return;
    }
    report(answer);
    await loadView();
  }

  function showView(next, errors = {}) {
    const same = view?.id === next.id && !layer.hidden;
    const held = same && layer.contains(document.activeElement) ? document.activeElement.dataset.actionId : null;
    // A phone in someone's hand keeps its focus when a modal opens on the other screen.
    const ours = byId("slack").contains(document.activeElement) || document.activeElement === document.body;
    view = next;
    const body = makeBlocks(next.blocks ?? [], {
      entered: enteredFor(next.id),
      errors,
      send: (action) => send({ view_id: next.id }, action),
    });
    const dialog = makeDialog({
      tag: "form",
      title: words(next.title),
      testId: "slack-modal",
      cancel: closeView,
      body,
      foot: [
        h("button", { type: "button", onclick: closeView, "data-testid": "slack-modal-close" }, next.close?.text ?? "Close"),
        next.submit &&
          h("button", { type: "submit", class: "primary", "data-testid": "slack-modal-submit" }, next.submit.text),
      ].filter(Boolean),
    });
    dialog.addEventListener("submit", submitView);
    layer.replaceChildren(dialog);
    layer.hidden = false;
    byId("slack-content").inert = true;
    const wrong = dialog.querySelector(".wrong input, .wrong textarea, .wrong select");
    const kept = held && dialog.querySelector(`[data-action-id="${CSS.escape(held)}"]`);
    if (wrong) wrong.focus();
    else if (kept) kept.focus();
    else if (ours) focusFirst(dialog);
  }

  async function loadView() {
    const asked = user;
    const top = await attempt(() => get(`/workspace/${asked}/view`));
    if (asked !== user) return;
    if (!top) {
      if (view) closeLayer();
      view = null;
      return;
    }
    if (view && JSON.stringify(view) === JSON.stringify(top) && !layer.hidden) return;
    if (!view) {
      layer.dataset.back = tab === "home" ? "slack-home" : "slack-log";
      const action = document.activeElement.dataset.actionId;
      const at = action ? alike(action).indexOf(document.activeElement) : -1;
      opener = at < 0 ? null : { action, at };
    }
    showView(top);
  }

  function showTab(next, focus = false) {
    tab = next;
    for (const [name, button] of Object.entries(tabs)) {
      button.setAttribute("aria-selected", String(name === tab));
      button.tabIndex = name === tab ? 0 : -1;
    }
    // Only what is in sight is on the page: the other tab is fetched anew when it is opened.
    if (tab === "home") {
      log.replaceChildren();
    } else {
      home.replaceChildren();
      homeView = null;
    }
    home.hidden = tab !== "home";
    dm.hidden = tab !== "dm";
    if (focus) tabs[tab].focus();
    tabChosen(tab);
  }

  async function chooseTab(next, focus) {
    showTab(next, focus);
    if (user === null) return;
    if (tab === "home") {
      await loadHome();
      await openHome();
    } else {
      await loadMessages(true);
    }
  }

  for (const [name, button] of Object.entries(tabs)) {
    button.addEventListener("click", () => chooseTab(name, false));
    button.addEventListener("keydown", (event) => {
      if (!["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight"].includes(event.key)) return;
      event.preventDefault();
      chooseTab(name === "home" ? "dm" : "home", true);
    });
  }

  byId("slack-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const box = byId("slack-text");
    const said = box.value.trim();
    if (!said || user === null) return;
    const [, command, rest] = /^(\/[\w-]+)\s*([\s\S]*)$/.exec(said) ?? [];
    if (!command) {
      tell(READ_ONLY);
      return;
    }
    box.value = "";
    report(await attempt(() => post(`/workspace/${user}/command`, { command, text: rest })));
  });

  keepPlaced(log);

  const reloadMessages = debounce(() => loadMessages());
  const reloadHome = debounce(() => tab === "home" && loadHome());
  const reloadView = debounce(loadView);

  return {
    async select(person, wanted) {
      user = person.id;
      view = null;
      homeView = null;
      channel = "";
      entered.clear();
      layer.dataset.back = "";
      closeLayer();
      log.replaceChildren();
      home.replaceChildren();
      await chooseTab(wanted ?? tab, false);
      if (tab === "home") await loadMessages();
      await loadView();
    },
    changed(change) {
      if (change.user !== user) return;
      if (change.kind === "home") reloadHome();
      else if (change.kind === "view") reloadView();
      else reloadMessages();
    },
    reload() {
      if (user === null) return;
      reloadMessages();
      reloadHome();
      reloadView();
    },
  };
}
