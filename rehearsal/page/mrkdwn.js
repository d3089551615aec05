// Slack's mrkdwn as nodes. Slack escapes &, < and > itself; everything in angle brackets is a link, a person or a date.
import { h, link } from "./dom.js";
import { slackDate } from "./time.js";

const EMOJI = {
  white_check_mark: "✅", heavy_check_mark: "✔️", ballot_box_with_check: "☑️", x: "❌", warning: "⚠️", bell: "🔔",
  no_bell: "🔕", eyes: "👀", wave: "👋", hourglass: "⌛", hourglass_flowing_sand: "⏳", clock1: "🕐", alarm_clock: "⏰",
  calendar: "📆", date: "📅", spiral_calendar_pad: "🗓️", memo: "📝", pencil: "📝", pencil2: "✏️", bulb: "💡",
  information_source: "ℹ️", question: "❓", exclamation: "❗", bangbang: "‼️", rotating_light: "🚨", sos: "🆘",
  speech_balloon: "💬", left_speech_bubble: "🗨️", ear: "👂", mega: "📣", loudspeaker: "📢", telephone_receiver: "📞",
  handshake: "🤝", raised_hand: "✋", raised_hands: "🙌", pray: "🙏", "+1": "👍", thumbsup: "👍", "-1": "👎",
  clap: "👏", ok_hand: "👌", tada: "🎉", sparkles: "✨", star: "⭐", heart: "❤️", green_heart: "💚", blue_heart: "💙",
  seedling: "🌱", sunny: "☀️", partly_sunny: "⛅", cloud: "☁️", rainbow: "🌈", smile: "😄", slightly_smiling_face: "🙂",
  blush: "😊", thinking_face: "🤔", lock: "🔒", unlock: "🔓", key: "🔑", shield: "🛡️", mag: "🔍", link: "🔗",
  pushpin: "📌", paperclip: "📎", clipboard: "📋", bar_chart: "📊", chart_with_upwards_trend: "📈",
  chart_with_downwards_trend: "📉", arrow_up: "⬆️", arrow_down: "⬇️", arrow_right: "➡️", arrow_left: "⬅️",
  arrow_upper_right: "↗️", arrow_lower_right: "↘️", repeat: "🔁", red_circle: "🔴", large_orange_circle: "🟠",
  orange_circle: "🟠", large_yellow_circle: "🟡", yellow_circle: "🟡", large_green_circle: "🟢", green_circle: "🟢",
  large_blue_circle: "🔵", blue_circle: "🔵", white_circle: "⚪", black_circle: "⚫", school: "🏫", books: "📚", house: "🏠",
  bust_in_silhouette: "👤", busts_in_silhouette: "👥", envelope: "✉️", inbox_tray: "📥", outbox_tray: "📤", zzz: "💤",
};

let names = new Map();

/** Takes over who is who, so that `<@U…>` reads as a name. */
export function setNames(people) {
  names = new Map(people.map((person) => [person.id, person.real_name || person.name]));
}

export function people() {
  return [...names].map(([id, name]) => ({ id, name }));
}

export function nameOf(id) {
  return names.get(id) ?? id;
}

const unescape = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

export function emoji(text) {
  return text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] ?? whole);
}

/** What stands between angle brackets. */
function special(inside) {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? "" : inside.slice(bar + 1);
  if (target.startsWith("@")) return h("span", { class: "mention" }, `@${label || nameOf(target.slice(1))}`);
  if (target.startsWith("#")) return h("span", { class: "mention" }, `#${label || target.slice(1)}`);
  if (target.startsWith("!date^")) {
    const [, seconds, pattern, address] = target.split("^");
    const words = Number.isFinite(Number(seconds)) && pattern ? slackDate(Number(seconds), unescape(pattern)) : unescape(label);
    const time = h("time", { title: unescape(label) }, words);
    return address ? link(unescape(address), time) : time;
  }
  if (target.startsWith("!")) return h("span", { class: "mention" }, label || `@${target.slice(1).split("^")[0]}`);
  return link(unescape(target), emoji(unescape(label || target.replace(/^mailto:/, ""))));
}

// A mark counts only where a word could begin before it and end after it: snake_case and 2*3*4 stay as they are.
const INLINE = new RegExp(
  [
    "```([\\s\\S]+?)```",
    "`([^`\\n]+)`",
    "<([^<>\\n]+)>",
    "(?<![\\p{L}\\p{N}*])\\*(?=\\S)([^*\\n]*?\\S)\\*(?![\\p{L}\\p{N}*])",
    "(?<![\\p{L}\\p{N}_])_(?=\\S)([^\\n]*?\\S)_(?![\\p{L}\\p{N}_])",
    "(?<![\\p{L}\\p{N}~])~(?=\\S)([^~\\n]*?\\S)~(?![\\p{L}\\p{N}~])",
  ].join("|"),
  "gu",
);

function inline(text) {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > at) nodes.push(emoji(unescape(text.slice(at, match.index))));
    const [whole, block, code, angle, bold, italic, strike] = match;
    if (block !== undefined) nodes.push(h("pre", {}, unescape(block.replace(/^\n/, ""))));
    else if (code !== undefined) nodes.push(h("code", {}, unescape(code)));
    else if (angle !== undefined) nodes.push(special(angle));
    else if (bold !== undefined) nodes.push(h("strong", {}, inline(bold)));
    else if (italic !== undefined) nodes.push(h("em", {}, inline(italic)));
    else nodes.push(h("s", {}, inline(strike)));
    at = match.index + whole.length;
  }
  if (at < text.length) nodes.push(emoji(unescape(text.slice(at))));
  return nodes;
}

/** Gives the nodes of a mrkdwn text; lines that begin with > become a quotation. */
export function mrkdwn(text) {
  const nodes = [];
  let quote = [];
  let plain = [];
  const flush = () => {
    if (quote.length) nodes.push(h("blockquote", {}, inline(quote.join("\n"))));
    if (plain.length) nodes.push(...inline(plain.join("\n")));
    quote = [];
    plain = [];
  };
  for (const line of text.split("\n")) {
    const quoted = /^(?:&gt;|>) ?(.*)$/.exec(line);
    if (quoted ? plain.length : quote.length) flush();
    if (quoted) quote.push(quoted[1]);
    else plain.push(line);
  }
  flush();
  return nodes;
}
