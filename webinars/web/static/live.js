// Keeps what moves on a page up to date, such as how far a long piece of work has come.
//
// An element says where its next state is: <div data-live="/organiser/…/progress">. It is fetched
// every two seconds (data-live-every: other seconds) and replaced by the element that answers,
// until one answers without data-live. Without this script the page shows how things stood.

const PART = { "X-Part": "live" };
const LONGEST = 60;

function seconds(element) {
  return Number(element.dataset.liveEvery) || 2;
}

async function fetchState(element) {
  const answer = await fetch(element.dataset.live, { headers: PART, redirect: "error" });
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  const template = document.createElement("template");
  template.innerHTML = await answer.text();
  const next = template.content.firstElementChild;
  if (!next) throw new Error("answered nothing");
  return document.adoptNode(next);
}

// A network that is away is waited for, ever longer; so is a page that nobody looks at.
function follow(element, pause = seconds(element)) {
  setTimeout(async () => {
    if (!element.isConnected) return;
    if (document.hidden) {
      document.addEventListener("visibilitychange", () => follow(element, 0), { once: true });
      return;
    }
    try {
      const next = await fetchState(element);
      element.replaceWith(next);
      if (next.dataset.live) follow(next);
    } catch {
      follow(element, Math.min(LONGEST, Math.max(1, pause) * 2));
    }
  }, pause * 1000);
}

for (const element of document.querySelectorAll("[data-live]")) follow(element);
