// Block Kit: the blocks of a message, a modal or the Home tab.
import { h, link } from "./dom.js";
import { makeElement, picture, words } from "./elements.js";
import { emoji, nameOf } from "./mrkdwn.js";

let serial = 0;

/** What the elements of one block may do; `entered` is `{block_id: {action_id: value}}`, kept from drawing to drawing. */
function surfaceOf(block, entered, send, dispatches) {
  const surface = {
    dispatches,
    kept: (element) => entered[block.block_id]?.[element.action_id],
    keep(element, value) {
      entered[block.block_id] ??= {};
      entered[block.block_id][element.action_id] = value;
    },
    act: (element, value, target) => send({ block_id: block.block_id, element, value, target }),
    chose(element, value, target) {
      surface.keep(element, value);
      if (dispatches) surface.act(element, value, target);
    },
  };
  return surface;
}

function richPart(part) {
  if (part.type === "text") {
    let node = emoji(part.text);
    const style = part.style ?? {};
    for (const [name, tag] of [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"]]) {
      if (style[name]) node = h(tag, {}, node);
    }
    return node;
  }
  if (part.type === "link") return link(part.url, part.text ?? part.url);
  if (part.type === "emoji") return emoji(`:${part.name}:`);
  if (part.type === "user") return h("span", { class: "mention" }, `@${nameOf(part.user_id)}`);
  return part.text ?? "";
}

function richElement(element) {
  if (element.type === "rich_text_list") {
    const items = element.elements.map((item) => h("li", {}, item.elements.map(richPart)));
    return h(element.style === "ordered" ? "ol" : "ul", {}, items);
  }
  const tag = { rich_text_preformatted: "pre", rich_text_quote: "blockquote" }[element.type] ?? "p";
  return h(tag, {}, (element.elements ?? []).map(richPart));
}

function section(block, surface) {
  return h(
    "div",
    { class: "block section" },
    h(
      "div",
      { class: "section-words" },
      block.text && h("div", { class: "mrkdwn" }, words(block.text)),
      block.fields && h("div", { class: "fields" }, block.fields.map((text) => h("div", { class: "mrkdwn" }, words(text)))),
    ),
    block.accessory && h("div", { class: "accessory" }, makeElement(block.accessory, surface)),
  );
}

function input(block, surface, error) {
  const id = `input-${++serial}`;
  const grouped = ["radio_buttons", "checkboxes", "multi_static_select", "multi_users_select"].includes(block.element.type);
  const described = [block.hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const label = { id, textId: `${id}-label`, describedBy: described || null };
  const text = [words(block.label), block.optional && h("span", { class: "note" }, " (optional)")];
  return h(
    "div",
    { class: `block input${error ? " wrong" : ""}`, "data-block-id": block.block_id },
    h(grouped ? "span" : "label", { class: "label", id: `${id}-label`, for: grouped ? null : id }, text),
    makeElement(block.element, surface, label),
    block.hint && h("span", { class: "note", id: `${id}-hint` }, words(block.hint)),
    error && h("p", { class: "error", role: "alert", id: `${id}-error`, "data-testid": "slack-error" }, error),
  );
}

function contextPart(element) {
  return element.type === "image" ? picture(element) : h("span", { class: "mrkdwn" }, words(element));
}

function makeBlock(block, entered, send, errors) {
  const surface = surfaceOf(block, entered, send, block.type !== "input" || block.dispatch_action === true);
  switch (block.type) {
    case "header":
      return h("h4", { class: "block header" }, words(block.text));
    case "section":
      return section(block, surface);
    case "divider":
      return h("hr", { class: "block" });
    case "context":
      return h("div", { class: "block context" }, block.elements.map(contextPart));
    case "actions":
      return h("div", { class: "block actions" }, block.elements.map((element) => makeElement(element, surface)));
    case "input":
      return input(block, surface, errors[block.block_id]);
    case "image":
      return h(
        "figure",
        { class: "block" },
        block.title && h("figcaption", {}, words(block.title)),
        picture(block),
      );
    case "rich_text":
      return h("div", { class: "block mrkdwn" }, block.elements.map(richElement));
    default:
      return h("p", { class: "block note" }, `(A ${block.type} block is not part of rehearsal.)`);
  }
}

/** Gives the nodes of `blocks`; `send({block_id, element, value, target})` carries out an action. */
export function makeBlocks(blocks, { entered, send, errors = {} }) {
  return blocks.map((block) => makeBlock(block, entered, send, errors));
}
