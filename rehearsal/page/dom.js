// Building elements. Text always becomes a text node, so nothing a bot or a person wrote is ever read as HTML.

/** Makes an element: attributes by name, `on*` functions as listeners, `false`/`null`/`undefined` left out. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "selected") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function byId(id) {
  return document.getElementById(id);
}

/** A link is followed only where following it is harmless. */
export function safeUrl(address) {
  try {
    const url = new URL(address, location.href);
    return ["http:", "https:", "mailto:", "tel:", "tg:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

export function link(address, ...children) {
  const href = safeUrl(address);
  if (!href) return h("span", {}, ...children);
  return h("a", { href, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

/** Shows `count` in a badge that says in words what is counted, or nothing at all for zero. */
export function badge(count) {
  if (!count) return null;
  return h("span", { class: "badge" }, String(count), h("span", { class: "unseen" }, " unread"));
}

export function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  return words.slice(0, 2).map((word) => [...word][0].toUpperCase()).join("");
}

/** Calls `work` soon after the last call, and never later than `latest` ms after the first one. */
export function debounce(work, wait = 60, latest = 400) {
  let timer = null;
  let first = 0;
  return () => {
    const now = performance.now();
    if (timer === null) first = now;
    else clearTimeout(timer);
    const delay = Math.max(0, Math.min(wait, first + latest - now));
    timer = setTimeout(() => {
      timer = null;
      work();
    }, delay);
  };
}

/** Keeps children of `list` in step with `items`, replacing only those whose content changed. */
export function reconcile(list, items, key, make) {
  const old = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let place = list.firstElementChild;
  let changed = false;
  for (const item of items) {
    const name = String(key(item));
    const print = JSON.stringify(item);
    let child = old.get(name);
    old.delete(name);
    if (!child || child.dataset.print !== print) {
      const fresh = make(item);
      fresh.dataset.key = name;
      fresh.dataset.print = print;
      if (child) {
        replaceKeepingFocus(child, fresh);
        if (place === child) place = fresh;
      }
      child = fresh;
      changed = true;
    }
    if (place === child) place = place.nextElementSibling;
    else list.insertBefore(child, place);
  }
  for (const gone of old.values()) {
    gone.remove();
    changed = true;
  }
  return changed;
}

/** Puts `fresh` in place of `old`; whoever was at its third button by keyboard stays at the third, or the last. */
function replaceKeepingFocus(old, fresh) {
  const held = document.activeElement;
  const place = old.contains(held) ? [...old.querySelectorAll(held.tagName)].indexOf(held) : -1;
  old.replaceWith(fresh);
  if (place < 0) return;
  const now = [...fresh.querySelectorAll(held.tagName)];
  now[Math.min(place, now.length - 1)]?.focus({ preventScroll: true });
}

/** Whether what comes next is to be scrolled to: whoever reads further up is left there. */
export function following(box) {
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  return atEnd || Math.abs(box.scrollTop - Number(box.dataset.placed ?? NaN)) < 2;
}

/** Keeps what is placed in sight when the window changes its size, as when a projector's browser goes to full screen. */
export function keepPlaced(box) {
  new ResizeObserver(() => following(box) && showLast(box)).observe(box);
}

/** Scrolls to the end, or to the head of the last one where it is taller than the box: its question comes first. */
export function showLast(box) {
  box.scrollTop = box.scrollHeight;
  const last = box.lastElementChild;
  const above = last ? box.getBoundingClientRect().top + box.clientTop - last.getBoundingClientRect().top : 0;
  if (above > 0) box.scrollTop -= above + 6;
  box.dataset.placed = String(box.scrollTop);
}
