// Talking to the rehearsal server: requests that fail with a sentence, and the stream of changes.

export class Refused extends Error {}

export const NO_ANSWER = "The rehearsal server does not answer. Is it still running?";

async function ask(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refused(NO_ANSWER);
  }
  const text = await answer.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    // An answer that is not JSON is told by its status alone, below.
  }
  if (!answer.ok) {
    const sentence = typeof value?.error === "string" ? value.error : `That did not work (status ${answer.status}).`;
    throw new Refused(sentence);
  }
  return value;
}

export const get = (path) => ask("GET", path);
export const post = (path, body = {}) => ask("POST", path, body);

/** Lists people under /phone or /workspace whose name or note holds `query`. */
export async function people(network, query = "", limit = 50) {
  const answer = await get(`/${network}/people?q=${encodeURIComponent(query)}&limit=${limit}`);
  return Array.isArray(answer) ? answer : answer.people;
}

/**
 * Listens to the server's changes until the page is closed.
 *
 * `handlers` holds one function per topic. `state("open" | "lost")` is told each time the connection comes and goes;
 * after "open" everything may have changed.
 */
export function listen(handlers, state) {
  let source = null;
  const open = () => {
    source = new EventSource("/control/events");
    source.onopen = () => state("open");
    source.onerror = () => {
      state("lost");
      // A browser gives up for good on some failures (a refused port among them), so opening again is ours to do.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 1000);
    };
    for (const [topic, handle] of Object.entries(handlers)) {
      source.addEventListener(topic, (event) => handle(JSON.parse(event.data)));
    }
  };
  open();
  window.addEventListener("pagehide", () => source.close());
}
