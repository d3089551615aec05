// Dates and times in the school's zone, by the school's clock.

const school = { zone: undefined, now: new Date(), ahead: [] };

/**
 * Takes over what the bot says of its clock: `{now: ISO, zone}`, and how far it stood ahead of this machine's own clock
 * since when: `ahead: [[since, seconds], …]`, oldest first. Says whether times shown so far read differently now.
 */
export function setSchoolClock({ now, zone, ahead }) {
  const before = JSON.stringify([school.zone, school.ahead]);
  school.ahead = ahead;
  const moment = new Date(now);
  if (!Number.isNaN(moment.getTime())) school.now = moment;
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: zone });
    school.zone = zone;
  } catch {
    school.zone = undefined;
  }
  return JSON.stringify([school.zone, school.ahead]) !== before;
}

function format(moment, options) {
  return new Intl.DateTimeFormat("en-GB", { timeZone: school.zone, ...options }).format(moment);
}

const dayOf = (moment) => format(moment, { year: "numeric", month: "2-digit", day: "2-digit" });

/** The networks stamp messages by this machine's clock; the school reads them by its own, as it stood then. */
export function bySchoolClock(seconds) {
  const moves = school.ahead.filter(([since]) => since <= seconds);
  const [, ahead] = moves.at(-1) ?? school.ahead[0] ?? [0, 0];
  return seconds + ahead;
}

export function timeOfDay(seconds) {
  return format(new Date(seconds * 1000), { hour: "2-digit", minute: "2-digit" });
}

/** "today", "yesterday" or "tomorrow" by the school's clock, else what `otherwise` gives. */
function near(moment, otherwise) {
  const day = dayOf(moment);
  for (const [shift, word] of [[0, "today"], [-1, "yesterday"], [1, "tomorrow"]]) {
    if (dayOf(new Date(school.now.getTime() + shift * 86_400_000)) === day) return word;
  }
  return otherwise();
}

export function dayHeading(seconds) {
  const moment = new Date(seconds * 1000);
  const full = { weekday: "long", day: "numeric", month: "long" };
  const word = near(moment, () => format(moment, full));
  return word[0].toUpperCase() + word.slice(1);
}

const short = { day: "numeric", month: "short", year: "numeric" };
const middle = { day: "numeric", month: "long", year: "numeric" };
const long = { weekday: "long", ...middle };

function ago(moment) {
  const seconds = (moment - school.now) / 1000;
  const relative = new Intl.RelativeTimeFormat("en-GB", { numeric: "auto" });
  for (const [unit, size] of [["day", 86_400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return "just now";
}

const TOKENS = {
  date_num: (moment) => format(moment, { year: "numeric", month: "2-digit", day: "2-digit" }).split("/").reverse().join("-"),
  date: (moment) => format(moment, middle),
  date_short: (moment) => format(moment, short),
  date_long: (moment) => format(moment, long),
  date_pretty: (moment) => near(moment, () => format(moment, middle)),
  date_short_pretty: (moment) => near(moment, () => format(moment, short)),
  date_long_pretty: (moment) => near(moment, () => format(moment, long)),
  time: (moment) => format(moment, { hour: "2-digit", minute: "2-digit" }),
  time_secs: (moment) => format(moment, { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  ago,
};

/** Fills Slack's date tokens, as in `{date_long_pretty} at {time}`. */
export function slackDate(seconds, pattern) {
  const moment = new Date(seconds * 1000);
  return pattern.replace(/\{(\w+)\}/g, (whole, token) => TOKENS[token]?.(moment) ?? whole);
}
