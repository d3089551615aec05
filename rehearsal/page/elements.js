// The interactive elements of Block Kit. Each reports what was entered plainly: a text, a date, the value of the chosen
// option, a list of such values, or null for nothing.
import { h } from "./dom.js";
import { makeMenu } from "./menu.js";
import { emoji, mrkdwn, people } from "./mrkdwn.js";

let serial = 0;

/** Text objects: mrkdwn with its marks, plain_text with its emoji codes alone. */
export function words(text) {
  if (!text) return [];
  if (typeof text === "string") return [emoji(text)];
  return text.type === "mrkdwn" ? mrkdwn(text.text) : [emoji(text.text)];
}

const plain = (text) => emoji(text?.text ?? "");

function button(element, surface) {
  const style = element.style ?? "";
  const attributes = {
    class: `slack-button ${style}`.trim(),
    "data-testid": "slack-button",
    "data-action-id": element.action_id,
    "aria-label": element.accessibility_label,
  };
  return h(
    "button",
    {
      type: "button",
      ...attributes,
      onclick: (event) => {
        if (element.url) window.open(element.url, "_blank", "noopener,noreferrer");
        surface.act(element, element.value, event.currentTarget);
      },
    },
    plain(element.text),
  );
}

function flat(element) {
  if (element.option_groups) return element.option_groups.flatMap((group) => group.options);
  return element.options ?? people().map((person) => ({ text: { type: "plain_text", text: person.name }, value: person.id }));
}

/** What stands in an element now: what was entered since it was drawn first, else what the app began it with. */
function standing(element, surface, initial) {
  const kept = surface.kept(element);
  return kept === undefined ? initial ?? null : kept;
}

/** A drop-down; `users_select` offers the members of the workspace. */
function select(element, surface, label) {
  const options = flat(element);
  const chosen = standing(element, surface, element.initial_user ?? element.initial_option?.value);
  const one = (option) => h("option", { value: option.value, selected: option.value === chosen }, plain(option.text));
  return h(
    "select",
    {
      class: "slack-select",
      id: label.id,
      "aria-label": label.id ? null : plain(element.placeholder) || "Choose",
      "data-testid": "slack-select",
      "data-action-id": element.action_id,
      onchange: (event) => surface.chose(element, event.currentTarget.value || null, event.currentTarget),
    },
    h("option", { value: "", selected: chosen === null }, plain(element.placeholder) || "Choose…"),
    element.option_groups
      ? element.option_groups.map((group) => h("optgroup", { label: plain(group.label) }, group.options.map(one)))
      : options.map(one),
  );
}

/** Radio buttons, checkboxes and multi-selects: a group of choices that are all in sight. */
function choices(element, surface, label) {
  const single = element.type === "radio_buttons";
  const options = flat(element);
  const first = element.initial_users ?? (element.initial_options ?? [element.initial_option]).map((option) => option?.value);
  const on = new Set([standing(element, surface, first)].flat());
  const name = `choice-${++serial}`;
  const take = () => {
    const picked = options.map((option) => option.value).filter((value) => on.has(value));
    return single ? picked[0] ?? null : picked;
  };
  return h(
    "div",
    {
      class: "choices",
      role: single ? "radiogroup" : "group",
      id: label.id,
      "aria-labelledby": label.textId,
      "aria-label": label.textId ? null : "Choices",
      "data-action-id": element.action_id,
    },
    options.map((option) =>
      h(
        "label",
        { class: "tick" },
        h("input", {
          type: single ? "radio" : "checkbox",
          name,
          value: option.value,
          checked: on.has(option.value),
          onchange: (event) => {
            if (single) on.clear();
            if (event.currentTarget.checked) on.add(option.value);
            else on.delete(option.value);
            surface.chose(element, take(), event.currentTarget);
          },
        }),
        h("span", {}, words(option.text), option.description && h("span", { class: "note" }, words(option.description))),
      ),
    ),
  );
}

const FIELDS = {
  plain_text_input: "text",
  number_input: "number",
  email_text_input: "email",
  url_text_input: "url",
  datepicker: "date",
  timepicker: "time",
};

/** Everything that is typed or picked into one field. */
function field(element, surface, label) {
  const type = FIELDS[element.type];
  const picked = type === "date" || type === "time";
  const value = standing(element, surface, element.initial_value ?? element.initial_date ?? element.initial_time) ?? "";
  const report = (event) => event.currentTarget.value || null;
  return h(element.multiline ? "textarea" : "input", {
    type: element.multiline ? null : type,
    rows: element.multiline ? "4" : null,
    id: label.id,
    value,
    placeholder: plain(element.placeholder) || null,
    maxlength: element.max_length,
    minlength: element.min_length,
    "aria-label": label.id ? null : plain(element.placeholder) || "Value",
    "aria-describedby": label.describedBy,
    "data-testid": "slack-input",
    "data-action-id": element.action_id,
    oninput: (event) => surface.keep(element, report(event)),
    onchange: (event) => picked && surface.chose(element, report(event), event.currentTarget),
    onkeydown: (event) => {
      if (event.key !== "Enter" || !surface.dispatches || picked) return;
      event.preventDefault();
      surface.chose(element, report(event), event.currentTarget);
    },
  });
}

function overflow(element, surface) {
  return makeMenu({
    label: "More",
    name: "more actions",
    testId: "slack-overflow",
    className: "slack-button",
    items: () =>
      element.options.map((option) => ({
        label: plain(option.text),
        note: option.description && plain(option.description),
        act: () => surface.act(element, option.value, null),
      })),
  });
}

export function picture(element) {
  const file = element.slack_file;
  const address = element.image_url ?? (file?.id ? `/workspace/files/${file.id}` : file?.url);
  return h("img", { src: address, alt: element.alt_text ?? "", loading: "lazy" });
}

const MAKERS = {
  button,
  static_select: select,
  users_select: select,
  multi_static_select: choices,
  multi_users_select: choices,
  radio_buttons: choices,
  checkboxes: choices,
  overflow,
  image: picture,
};

/**
 * Makes one element.
 *
 * `surface` belongs to the block: `act` sends an action, `keep`/`kept` hold what was entered, `chose` does both.
 * `label` holds the ids of the words beside it, if there are any.
 */
export function makeElement(element, surface, label = {}) {
  const make = FIELDS[element.type] ? field : MAKERS[element.type];
  if (!make) return h("span", { class: "note" }, `(${element.type} is not part of rehearsal)`);
  return make(element, surface, label);
}
