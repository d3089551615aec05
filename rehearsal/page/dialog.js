// Dialogs inside the Slack side. The phone stays usable beside them, as it would be in the hand of someone else.
import { h } from "./dom.js";

const STOPS = "button:not([disabled]), a[href], input:not([disabled]), select:not([disabled]), textarea:not([disabled])";

let serial = 0;

/** Makes a dialog that keeps Tab inside itself; Escape calls `cancel`. */
export function makeDialog({ title, testId, cancel, body, foot, role = "dialog", tag = "div" }) {
  const id = `dialog-${++serial}`;
  const dialog = h(
    tag,
    { role, "aria-modal": "true", "aria-labelledby": id, class: "dialog", tabindex: "-1", "data-testid": testId, novalidate: tag === "form" },
    h("div", { class: "dialog-head" }, h("h3", { id }, title)),
    h("div", { class: "dialog-body" }, body),
    foot && h("div", { class: "dialog-foot" }, foot),
  );
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      cancel();
    } else if (event.key === "Tab") {
      const stops = [...dialog.querySelectorAll(STOPS)].filter((stop) => stop.checkVisibility());
      const at = stops.indexOf(document.activeElement);
      const leaving = event.shiftKey ? at <= 0 : at === stops.length - 1;
      if (!leaving || !stops.length) return;
      event.preventDefault();
      stops[event.shiftKey ? stops.length - 1 : 0].focus();
    }
  });
  return dialog;
}

/** Puts the focus on the first thing to fill in, else on the first thing to press below the title. */
export function focusFirst(dialog) {
  const inside = dialog.querySelector(".dialog-body")?.querySelector(STOPS);
  (inside ?? dialog.querySelector(".dialog-foot button:last-child") ?? dialog).focus();
}

/** Asks Slack's own question before an action (`confirm` of a Block Kit element); resolves to true or false. */
export function askConfirm(layer, confirm, words) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const under = [...layer.children];
    const done = (answer) => {
      dialog.remove();
      for (const other of under) other.inert = false;
      if (!under.length) layer.hidden = true;
      before?.focus();
      resolve(answer);
    };
    const dialog = makeDialog({
      title: confirm.title?.text ?? "Are you sure?",
      testId: "slack-confirm",
      role: "alertdialog",
      cancel: () => done(false),
      body: h("p", {}, words(confirm.text)),
      foot: [
        h("button", { type: "button", onclick: () => done(false), "data-testid": "slack-confirm-deny" }, confirm.deny?.text ?? "Cancel"),
        h(
          "button",
          {
            type: "button",
            class: confirm.style === "danger" ? "danger" : "primary",
            onclick: () => done(true),
            "data-testid": "slack-confirm-yes",
          },
          confirm.confirm?.text ?? "Yes",
        ),
      ],
    });
    for (const other of under) other.inert = true;
    layer.hidden = false;
    layer.append(dialog);
    dialog.querySelector(".dialog-foot button").focus();
  });
}
