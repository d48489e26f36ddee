// The door on the day: finds while one types, notes an arrival without a new page, sends it again
// while the network is away, and reads badges where the browser can. All of it works without this
// script too, a page at a time.

const PART = { "X-Part": "door" };
const RETRY = 4000;
const door = document.getElementById("door");
const search = document.getElementById("search");
const away = document.getElementById("away");
const waiting = new Map(); // address: what is still to be sent there; the last tap counts
let latest = 0;

function address() {
  return `${location.pathname}?${new URLSearchParams(new FormData(search))}`;
}

async function show() {
  const mine = ++latest;
  try {
    const answer = await fetch(address(), { headers: PART });
    if (!answer.ok || !answer.headers.has("X-Part")) return location.reload();
    const text = await answer.text();
    if (mine === latest) door.innerHTML = text;
    away.hidden = waiting.size === 0;
  } catch {
    away.hidden = false;
  }
}

let typing;
search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(show, 200);
});
search.addEventListener("submit", (event) => {
  event.preventDefault();
  show();
});

// A tap counts at once on this page; the service is told as soon as it can be.
door.addEventListener("submit", (event) => {
  event.preventDefault();
  const said = new FormData(event.target, event.submitter);
  waiting.set(event.target.action, said);
  event.submitter.disabled = true;
  event.target.closest("li").classList.toggle("there", said.get("there") === "yes");
  send();
});

let sending = false;
async function send() {
  if (sending) return;
  sending = true;
  try {
    for (const [target, said] of waiting) {
      const answer = await fetch(target, { method: "POST", body: said, headers: PART });
      if (answer.status >= 500) throw new Error("not now");
      if (waiting.get(target) === said) waiting.delete(target);
      if (answer.redirected) location.reload(); // signed out meanwhile
    }
    await show();
  } catch {
    away.hidden = false;
    setTimeout(send, RETRY);
  } finally {
    sending = false;
  }
}
addEventListener("online", send);
addEventListener("beforeunload", (event) => {
  if (waiting.size) event.preventDefault();
});

// Badges: each code is sent once; the same one is read many times a second.
const button = document.getElementById("camera");
const view = document.getElementById("view");
if ("BarcodeDetector" in window && navigator.mediaDevices) button.hidden = false;
button.addEventListener("click", async () => {
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  view.srcObject = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment" },
  });
  view.hidden = false;
  await view.play();
  const look = async () => {
    const [found] = await detector.detect(view).catch(() => []);
    if (!found) return setTimeout(look, 200);
    for (const track of view.srcObject.getTracks()) track.stop();
    document.getElementById("code").value = found.rawValue;
    document.getElementById("scan").requestSubmit();
  };
  look();
});
