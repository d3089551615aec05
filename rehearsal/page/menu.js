// A button that opens a small menu: arrow keys move, Enter chooses, Escape closes.
import { h } from "./dom.js";

/** Makes the button and its menu; `items()` gives `[{label, note?, act}]` each time it opens. */
export function makeMenu({ label, name, items, testId, className = "", up = false }) {
  const menu = h("div", { role: "menu", class: `menu${up ? " up" : ""}`, hidden: true, "aria-label": name ?? label });
  const button = h(
    "button",
    { type: "button", class: className, "aria-haspopup": "menu", "aria-expanded": "false", "data-testid": testId },
    label,
    name && name !== label && h("span", { class: "unseen" }, `: ${name}`),
  );
  const box = h("span", { class: "menu-box" }, button, menu);

  /** A menu near an edge of its phone or workspace opens towards the middle. */
  function stayInside() {
    menu.classList.remove("leftwards");
    menu.classList.toggle("up", up);
    const room = box.closest(".phone, .slack")?.getBoundingClientRect();
    const needed = menu.getBoundingClientRect();
    if (!room) return;
    menu.classList.toggle("leftwards", needed.right > room.right);
    if (needed.bottom > room.bottom) menu.classList.add("up");
  }

  const choices = () => [...menu.querySelectorAll("[role=menuitem]")];

  function close(back) {
    if (menu.hidden) return;
    menu.hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (back) button.focus();
  }

  function open() {
    menu.replaceChildren(
      ...items().map(({ label: text, note, act }) =>
        h(
          "button",
          {
            type: "button",
            role: "menuitem",
            tabindex: "-1",
            onclick: () => {
              close(true);
              act();
            },
          },
          h("span", {}, text),
          note && h("span", { class: "note" }, note),
        ),
      ),
    );
    menu.hidden = false;
    stayInside();
    button.setAttribute("aria-expanded", "true");
    choices()[0]?.focus();
  }

  button.addEventListener("click", () => (menu.hidden ? open() : close(true)));
  box.addEventListener("keydown", (event) => {
    if (menu.hidden) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        open();
      }
      return;
    }
    const all = choices();
    const at = all.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      all[(to + all.length) % all.length]?.focus();
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close(true);
    }
  });
  box.addEventListener("focusout", (event) => {
    if (!box.contains(event.relatedTarget)) close(false);
  });
  return box;
}
