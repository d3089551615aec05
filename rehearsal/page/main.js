// The page: who is chosen on each side, the top bar, and what to fetch again when something changed.
import { get, listen, NO_ANSWER, people, post } from "./api.js";
import { byId, debounce, h, initials } from "./dom.js";
import { setNames } from "./mrkdwn.js";
import { makePhone } from "./phone.js";
import { makePicker } from "./picker.js";
import { makeSlack } from "./slack.js";
import { setSchoolClock } from "./time.js";

const EVERYONE = 5000;
const OPTIONS = 60;
// Of two presses, one upon the other, the second would ask the whole school twice; in milliseconds.
const REST = 4000;
const STOPPED = "Rehearsal has been stopped.";
const FAULTS = {
  off: "No: everything works",
  429: "Too many requests (429)",
  "5xx": "Server errors (5xx)",
  drop: "Dropped connections",
  duplicate: "Everything delivered twice",
  all: "All of these at once",
};

const notice = byId("notice");
const chosen = { pupil: null, staff: null };

function tell(sentence, problem = true) {
  notice.textContent = sentence;
  notice.classList.toggle("problem", problem);
}

// Who is shown stands in the address, so that a page can be reopened, shared and photographed as it is.
function remembered() {
  return new URLSearchParams(location.hash.slice(1));
}

function remember(name, value) {
  const parts = remembered();
  parts.set(name, value);
  history.replaceState(null, "", `#${parts}`);
}

const pupilName = (person) => [person.first_name, person.last_name].filter(Boolean).join(" ");
const staffName = (person) => person.real_name || person.name;

const refreshBadges = debounce(() => {
  pupilPicker.refresh();
  staffPicker.refresh();
}, 250, 1500);

const phone = makePhone({ tell, seen: refreshBadges });
const slack = makeSlack({ tell, seen: refreshBadges, tabChosen: (tab) => remember("tab", tab) });

function showPupil(person) {
  chosen.pupil = person.id;
  byId("pupil-note").textContent = person.note ?? "";
  remember("pupil", person.id);
  phone.select(person.id);
}

function showStaff(person) {
  chosen.staff = person.id;
  byId("staff-note").textContent = [person.note, person.email].filter(Boolean).join(" · ");
  byId("staff-name").textContent = staffName(person);
  byId("staff-avatar").textContent = initials(staffName(person));
  remember("staff", person.id);
  slack.select(person, remembered().get("tab") === "home" ? "home" : "dm");
}

const pupilPicker = makePicker({
  input: byId("pupil-search"),
  list: byId("pupil-list"),
  optionTestId: "pupil-option",
  search: (query) => people("phone", query, OPTIONS).catch(() => []),
  describe: (person) => ({ key: person.id, name: pupilName(person), note: person.note, unread: person.unread }),
  choose: showPupil,
});

const staffPicker = makePicker({
  input: byId("staff-search"),
  list: byId("staff-list"),
  optionTestId: "staff-option",
  search: (query) => people("workspace", query, OPTIONS).catch(() => []),
  describe: (person) => ({
    key: person.id,
    name: staffName(person),
    note: person.note || person.email,
    unread: person.unread,
  }),
  choose: showStaff,
});

/** Chooses whom the address names, else whom the school put in the showcase, else the first. */
function wanted(list, id) {
  return list.find((person) => String(person.id) === id) ?? list.find((person) => person.showcase) ?? list[0] ?? null;
}

async function fillSides() {
  const [pupils, staff] = await Promise.all([people("phone", "", EVERYONE), people("workspace", "", EVERYONE)]);
  setNames(staff);
  const parts = remembered();
  const pupil = wanted(pupils, parts.get("pupil"));
  const member = wanted(staff, parts.get("staff"));
  if (pupil && pupil.id !== chosen.pupil) {
    pupilPicker.show(pupil);
    showPupil(pupil);
  } else if (pupil) {
    // Who has joined has a note without a code.
    byId("pupil-note").textContent = pupil.note ?? "";
  }
  if (member && member.id !== chosen.staff) {
    staffPicker.show(member);
    showStaff(member);
  }
  return pupil !== null && member !== null;
}

let peopleTimer = null;

/** The school fills in the people when it starts, perhaps after this page: asks until there is somebody to show. */
async function waitForPeople() {
  clearTimeout(peopleTimer);
  const complete = await fillSides().catch(() => false);
  clearTimeout(peopleTimer);
  if (!complete) peopleTimer = setTimeout(waitForPeople, 1500);
}

let clockTimer = null;
let botUp = false;

/** Shows the time in full where there is room, and beside its label whether school is open. */
function showClock({ text, short, open }) {
  const [whole] = text.split(" · ");
  byId("clock").replaceChildren(h("span", { class: "whole" }, whole), h("span", { class: "short" }, short));
  byId("clock-closed").hidden = open;
}

async function loadClock() {
  clearTimeout(clockTimer);
  let moved = false;
  const up = await get("/control/clock").then(
    (clock) => {
      moved = setSchoolClock(clock);
      showClock(clock);
      return true;
    },
    () => false,
  );
  if (!up) showClock({ text: "waiting for the bot", short: "waiting for the bot", open: true });
  if (moved) {
    phone.reload();
    slack.reload();
  }
  botUp = up;
  showConnection();
  clockTimer = setTimeout(loadClock, up ? 15_000 : 2000);
}

let streaming = false;

function showConnection() {
  const state = !streaming ? "lost" : botUp ? "up" : "waiting";
  const words = { lost: "Reconnecting…", waiting: "Bot not running", up: "Connected" }[state];
  const place = byId("connection");
  if (place.textContent !== words) place.textContent = words;
  place.dataset.state = state;
}

/** Runs one of the school's actions and says its result in a sentence; `rest` is how long the button then waits. */
async function schoolAction(button, path, sentence, rest = 0) {
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  tell("One moment…", false);
  try {
    const answer = await post(path);
    if (answer?.error) tell(answer.error);
    else tell(sentence(answer), false);
  } catch (error) {
    tell(error.message);
  }
  button.removeAttribute("aria-busy");
  loadClock();
  if (rest) await new Promise((done) => setTimeout(done, rest));
  button.disabled = false;
  // A button that cannot be pressed loses the keyboard; whoever has gone on meanwhile is left where they are.
  if (!rest || document.activeElement === document.body) button.focus({ preventScroll: true });
}

byId("next-school-day").addEventListener("click", (event) =>
  schoolAction(event.currentTarget, "/control/clock/next-school-day", (clock) =>
    clock?.text ? `It is now ${clock.text}.` : "The clock has moved to the next school day.",
  ),
);

/** `ahead` is how many messages of the check-in before are still to leave: these go first. */
function openedSentence({ opened, replaced, ahead = 0 }) {
  if (opened === 0) return "No check-in was opened: nobody is due one.";
  const pupils = opened === 1 ? "1 pupil" : `${opened.toLocaleString("en-GB")} pupils`;
  const seconds = Math.ceil((opened + ahead) / 29);
  const alone = opened + ahead === 1;
  const telegrams = alone ? "" : ` At Telegram’s pace the last phone has it in ${seconds} seconds.`;
  const pace = faults.value === "off" ? telegrams : " The networks misbehave, so some have it later.";
  const before = replaced ? " It takes the place of the one before, which counts against nobody." : "";
  return `A check-in was opened for ${pupils}.${pace}${before}`;
}

byId("open-check-in").addEventListener("click", (event) =>
  schoolAction(event.currentTarget, "/control/wave", openedSentence, REST),
);

const faults = byId("faults");

function showFaults(mode) {
  const on = mode !== "off";
  faults.value = mode;
  faults.classList.toggle("on", on);
  byId("faults-choice").classList.toggle("on", on);
  byId("faults-label").textContent = on ? "The networks misbehave" : "Make the networks misbehave";
}

async function loadFaults() {
  const { modes, faults: mode } = await get("/control/state");
  faults.replaceChildren(...modes.map((name) => h("option", { value: name }, FAULTS[name] ?? name)));
  showFaults(mode);
}

faults.addEventListener("change", async () => {
  try {
    const { faults: mode } = await post("/control/faults", { mode: faults.value });
    tell(mode === "off" ? "The networks behave again." : `The networks now misbehave: ${FAULTS[mode]}.`, false);
  } catch (error) {
    tell(error.message);
    loadFaults().catch(() => {});
  }
});

window.addEventListener("hashchange", () => fillSides().catch(() => {}));

listen(
  {
    phone: (change) => {
      if (change.kind === "people") waitForPeople();
      phone.changed(change);
      refreshBadges();
    },
    workspace: (change) => {
      slack.changed(change);
      refreshBadges();
    },
    clock: loadClock,
    faults: ({ mode }) => showFaults(mode),
    closing: () => tell(STOPPED),
  },
  (state) => {
    streaming = state === "open";
    showConnection();
    if (!streaming) return;
    if ([STOPPED, NO_ANSWER].includes(notice.textContent)) tell("", false);
    // Whatever happened while nobody listened is not told again: everything in sight is fetched anew.
    loadFaults().catch((error) => tell(error.message));
    waitForPeople();
    loadClock();
    phone.reload();
    slack.reload();
  },
);
