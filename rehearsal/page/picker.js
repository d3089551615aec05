// A searchable choice of one person: the combobox pattern with a list of options.
import { badge, h } from "./dom.js";

/**
 * Turns an input and a list into a combobox.
 *
 * `search(query)` resolves to people; `describe(person)` gives `{key, name, note, unread}`; `choose(person)` is called
 * when one is picked. Returns `show(person)` to display the present choice and `refresh()` for when badges changed.
 */
export function makePicker({ input, list, optionTestId, search, describe, choose }) {
  let shown = null;
  let options = [];
  let active = -1;
  let turn = 0;
  let timer = null;
  let typing = false;

  const isOpen = () => !list.hidden;

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    active = -1;
  }

  function display() {
    input.value = shown ? describe(shown).name : "";
  }

  function mark(index) {
    active = index;
    [...list.querySelectorAll("[role=option]")].forEach((option, at) => {
      option.classList.toggle("active", at === active);
      if (at !== active) return;
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    });
    if (active < 0) input.removeAttribute("aria-activedescendant");
  }

  function pick(index) {
    const person = options[index];
    if (!person) return;
    shown = person;
    close();
    display();
    input.select();
    choose(person);
  }

  function option(person, index) {
    const { key, name, note, unread } = describe(person);
    return h(
      "li",
      {
        role: "option",
        id: `${list.id}-${index}`,
        "data-testid": optionTestId,
        "data-value": key,
        "aria-selected": String(shown !== null && describe(shown).key === key),
        // The input keeps the focus: a press on an option must not take it away before the click arrives.
        onmousedown: (event) => event.preventDefault(),
        onclick: () => pick(index),
      },
      h("span", { class: "who" }, h("span", { class: "name" }, name), note && h("span", { class: "note" }, note)),
      badge(unread),
    );
  }

  async function open(keep = false) {
    const mine = ++turn;
    typing = false;
    const held = keep && active >= 0 ? describe(options[active]).key : null;
    const query = shown && input.value === describe(shown).name ? "" : input.value.trim();
    const found = await search(query);
    if (mine !== turn || document.activeElement !== input) return;
    options = found;
    list.replaceChildren(...found.map(option));
    if (!found.length) list.append(h("li", { class: "none" }, query ? "Nobody found by that name." : "Nobody here yet."));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    const at = (key) => found.findIndex((person) => describe(person).key === key);
    if (held !== null && at(held) >= 0) mark(at(held));
    else mark(query && found.length ? 0 : shown ? at(describe(shown).key) : -1);
  }

  input.addEventListener("focus", () => input.select());
  input.addEventListener("click", () => {
    if (isOpen()) return;
    input.select();
    open();
  });
  input.addEventListener("input", () => {
    clearTimeout(timer);
    typing = true;
    timer = setTimeout(open, 120);
  });
  input.addEventListener("blur", () => {
    clearTimeout(timer);
    typing = false;
    close();
    display();
  });
  input.addEventListener("keydown", async (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isOpen()) open();
      else if (options.length) {
        const step = event.key === "ArrowDown" ? 1 : -1;
        mark((active + step + options.length + (active < 0 && step < 0 ? 1 : 0)) % options.length);
      }
    } else if (event.key === "Enter" && (isOpen() || typing)) {
      event.preventDefault();
      clearTimeout(timer);
      // Enter right after typing means the first one found for what was typed, not for what is still listed.
      if (typing) await open();
      pick(Math.max(active, 0));
    } else if (event.key === "Escape") {
      if (isOpen()) event.preventDefault();
      close();
      display();
      input.select();
    }
  });

  return {
    show(person) {
      shown = person;
      if (document.activeElement !== input || !isOpen()) display();
    },
    refresh() {
      if (isOpen() && !typing) open(true);
    },
  };
}
