// The phone: one pupil's private chat with the bot, as Telegram shows it.
import { get, post } from "./api.js";
import { byId, debounce, following, h, keepPlaced, link, reconcile, showLast } from "./dom.js";
import { formatEntities } from "./entities.js";
import { makeMenu } from "./menu.js";
import { bySchoolClock, timeOfDay } from "./time.js";

const TOAST_MS = 4000;
const BUSY_MS = 8000;
const ATTACHMENTS = [
  ["sticker", "Sticker"],
  ["photo", "Photo"],
  ["voice", "Voice message"],
  ["document", "Document"],
  ["video", "Video"],
  ["location", "Location"],
  ["contact", "Contact"],
  ["poll", "Poll"],
];
const ATTACHMENT_NAMES = Object.fromEntries(ATTACHMENTS);

/** Wires the phone in the page; `tell(sentence)` shows a problem, `seen()` is called after unread messages were read. */
export function makePhone({ tell, seen }) {
  const log = byId("phone-log");
  const empty = byId("phone-empty");
  const start = byId("phone-start");
  const text = byId("phone-text");
  const toast = byId("phone-toast");
  const block = byId("phone-block");
  let user = null;
  let commands = [];
  let blocked = false;
  let toastTimer = null;

  async function act(path, body) {
    if (user === null) return null;
    try {
      return await post(`/phone/${user}/${path}`, body);
    } catch (error) {
      tell(error.message);
      return null;
    }
  }

  function showToast(words) {
    clearTimeout(toastTimer);
    toast.textContent = words ?? "";
    if (words) toastTimer = setTimeout(() => (toast.textContent = ""), TOAST_MS);
  }

  function settle() {
    for (const button of log.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  }

  async function tap(button, message, data) {
    settle();
    button.setAttribute("aria-busy", "true");
    setTimeout(() => button.removeAttribute("aria-busy"), BUSY_MS);
    if (!(await act("tap", { message_id: message.message_id, data }))) settle();
  }

  function key(message, button) {
    if (button.url) return h("span", { class: "key" }, link(button.url, button.text));
    return h(
      "button",
      {
        type: "button",
        class: "key",
        "data-testid": "phone-button",
        "data-callback": button.callback_data,
        dir: "auto",
        onclick: (event) => tap(event.currentTarget, message, button.callback_data),
      },
      button.text,
    );
  }

  /** A key of the keyboard a bot may put under the text box: it says its own words. */
  function panelKey(button) {
    const words = button.text ?? button;
    return h("button", { type: "button", class: "key", "data-testid": "phone-button", onclick: () => send(words) }, words);
  }

  const keyboard = (rows, make) => h("div", { class: "keyboard" }, rows.map((row) => h("div", { class: "keys" }, row.map(make))));

  function media(message) {
    const kind = Object.keys(ATTACHMENT_NAMES).find((name) => message[name]);
    if (!kind) return null;
    const { url, file_name } = message[kind];
    const name = ATTACHMENT_NAMES[kind];
    if (kind === "photo" && url) return h("img", { class: "photo", src: url, alt: message.text || name });
    if (kind === "voice" && url) return h("audio", { class: "voice", src: url, controls: "", "aria-label": name });
    const label = [name, file_name].filter(Boolean).join(": ");
    return h("span", { class: "attachment" }, kind === "document" && url ? link(url, label) : label);
  }

  function bubble(message) {
    const mine = message.from === "user";
    const rows = message.keyboard ?? [];
    const panel = message.reply_keyboard ?? [];
    return h(
      "li",
      { class: mine ? "mine" : "theirs", "data-message-id": message.message_id },
      h(
        "div",
        { class: "bubble", dir: "auto" },
        h("span", { class: "unseen", dir: "ltr" }, mine ? "You: " : "Earshot: "),
        media(message),
        h("span", { class: "words" }, formatEntities(message.text ?? "", message.entities)),
        // Its place goes by the words' direction, which it takes over; what it says reads from left to right.
        h("span", { class: "meta" }, h("span", { dir: "ltr" }, message.edited && "edited ", message.time)),
      ),
      rows.length > 0 && keyboard(rows, (button) => key(message, button)),
      panel.length > 0 && keyboard(panel, panelKey),
    );
  }

  function showBlocked() {
    block.textContent = blocked ? "Unblock" : "Block";
    byId("phone-status").textContent = blocked ? "blocked by this pupil" : "bot";
    byId("phone").classList.toggle("blocked", blocked);
    text.disabled = blocked;
    byId("phone-form").querySelector(".send").disabled = blocked;
  }

  async function load({ fresh = false, toasted = false } = {}) {
    const asked = user;
    if (asked === null) return;
    let answer;
    try {
      answer = await get(`/phone/${asked}/messages`);
    } catch (error) {
      tell(error.message);
      return;
    }
    if (asked !== user) return;
    const follow = fresh || following(log);
    if (fresh) log.replaceChildren();
    const messages = answer.messages.map((message) => ({ ...message, time: timeOfDay(bySchoolClock(message.date)) }));
    const changed = reconcile(log, messages, (message) => message.message_id, bubble);
    empty.hidden = messages.length > 0;
    // As on a real phone: whoever has started the bot once is not asked to again.
    start.hidden = answer.started;
    log.hidden = messages.length === 0;
    commands = answer.commands ?? [];
    blocked = answer.blocked ?? blocked;
    showBlocked();
    if (toasted) showToast(answer.toast);
    if (changed && follow) showLast(log);
    if (changed) settle();
    seen();
  }

  keepPlaced(log);

  let sawToast = false;
  const reload = debounce(() => {
    const toasted = sawToast;
    sawToast = false;
    load({ toasted });
  });

  async function send(words) {
    log.scrollTop = log.scrollHeight;
    await act("text", { text: words });
  }

  byId("phone-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const words = text.value.trim();
    if (!words) return;
    text.value = "";
    await send(words);
  });
  start.addEventListener("click", async () => {
    await send("/start");
    text.focus();
  });
  block.addEventListener("click", async () => {
    if (!(await act("block", { blocked: !blocked }))) return;
    blocked = !blocked;
    showBlocked();
  });
  byId("phone-menus").append(
    makeMenu({
      label: "Menu",
      name: "the bot’s commands",
      testId: "phone-menu",
      className: "quiet",
      up: true,
      items: () =>
        commands.length
          ? commands.map(({ command, description }) => ({
              label: `/${command}`,
              note: description,
              act: () => send(`/${command}`),
            }))
          : [{ label: "/start", note: "The bot has not listed its commands yet", act: () => send("/start") }],
    }),
    makeMenu({
      label: "Attach",
      name: "something other than text",
      testId: "phone-attach",
      className: "quiet",
      up: true,
      items: () => ATTACHMENTS.map(([kind, label]) => ({ label, act: () => act("attachment", { kind }) })),
    }),
  );

  return {
    select(id) {
      user = id;
      blocked = false;
      showToast(null);
      load({ fresh: true });
    },
    changed(change) {
      if (change.user !== user) return;
      if (change.kind === "toast") {
        sawToast = true;
        settle();
      }
      reload();
    },
    reload,
  };
}
