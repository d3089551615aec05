// Telegram's message entities: ranges of UTF-16 units over plain text, which may lie inside one another.
import { h, link } from "./dom.js";

const TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};

function wrap(entity, text, inside) {
  if (entity.type === "text_link") return link(entity.url, ...inside);
  if (entity.type === "url") return link(/^[a-z]+:/i.test(text) ? text : `https://${text}`, ...inside);
  if (entity.type === "email") return link(`mailto:${text}`, ...inside);
  if (entity.type === "spoiler") return h("details", { class: "spoiler" }, h("summary", {}, "Hidden text"), ...inside);
  const tag = TAGS[entity.type];
  return tag ? h(tag, {}, ...inside) : h("span", {}, ...inside);
}

/** Gives the nodes of `text` with its entities applied. */
export function formatEntities(text, entities = []) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  let next = 0;

  function fill(from, to) {
    const nodes = [];
    let at = from;
    while (next < sorted.length && sorted[next].offset < to) {
      const entity = sorted[next++];
      const start = Math.max(entity.offset, at);
      const end = Math.min(entity.offset + entity.length, to);
      if (end <= start) continue;
      if (start > at) nodes.push(text.slice(at, start));
      nodes.push(wrap(entity, text.slice(start, end), fill(start, end)));
      at = end;
    }
    if (at < to) nodes.push(text.slice(at, to));
    return nodes;
  }
  return fill(0, text.length);
}
