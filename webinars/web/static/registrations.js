// The list of registrations answers at once: to its criteria as they are typed, to its links, and
// to the keyboard. Without this script each of them loads the page anew, which shows the same.

const PART = { "X-Part": "list" };
const TYPING_PAUSE = 250;
const list = document.getElementById("list");
const filters = document.getElementById("filters");
const search = document.getElementById("filter-search");
let latest = 0;

async function show(address, { remember = true } = {}) {
  const mine = ++latest;
  list.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { headers: PART });
    if (!answer.ok || !answer.headers.has("X-Part")) throw new Error(`answered ${answer.status}`);
    const text = await answer.text();
    if (mine !== latest) return; // something newer was asked for meanwhile
    list.innerHTML = text;
    if (remember) history.pushState({}, "", address);
  } catch {
    if (mine === latest) location.assign(address); // the page says what is wrong
  } finally {
    if (mine === latest) list.removeAttribute("aria-busy");
  }
}

function readFilters() {
  const said = new URLSearchParams();
  for (const [name, value] of new FormData(filters)) if (value) said.append(name, value);
  return `${filters.getAttribute("action")}?${said}`;
}

let typing;
filters.addEventListener("input", (event) => {
  clearTimeout(typing);
  const pause = ["search", "text", "date"].includes(event.target.type) ? TYPING_PAUSE : 0;
  typing = setTimeout(() => show(readFilters()), pause);
});
filters.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(typing);
  show(readFilters());
});

// Links of the list that lead to the list: its pages, its columns, the counts by status. The last
// ones change a criterion, and the form above has to say the same as the list.
list.addEventListener("click", async (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  if (link.pathname !== filters.action.replace(location.origin, "") || !link.search) return;
  event.preventDefault();
  await show(link.href);
  write(new URLSearchParams(link.search));
  if (link.closest(".pages")) list.scrollIntoView();
});

function write(said) {
  for (const field of filters.elements) {
    if (!field.name) continue;
    if (field.type === "checkbox") {
      field.checked = said.has(field.name);
    } else field.value = said.get(field.name) ?? "";
  }
}

addEventListener("popstate", async () => {
  write(new URLSearchParams(location.search));
  await show(location.href, { remember: false });
});

// The keyboard: one row is the current one, and its link has the focus.
function step(by) {
  const links = [...list.querySelectorAll("tbody th a")];
  const row = document.activeElement.closest?.("#list tbody tr");
  const at = links.findIndex((link) => link.closest("tr") === row);
  const next = links[Math.min(links.length - 1, Math.max(0, at + by))];
  next?.focus();
  next?.closest("tr").scrollIntoView({ block: "nearest" });
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  x: () => document.activeElement.closest?.("#list tbody tr")?.querySelector("[name=id]")?.click(),
  "/": () => search.select(),
  "?": () => {
    const keys = document.getElementById("keys");
    keys.open = !keys.open;
    if (keys.open) keys.querySelector("summary").focus();
  },
};

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input:not([type=checkbox]), select, textarea");
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) {
    if (event.key === "Escape" && event.target === search) search.blur();
    return;
  }
  if (isTyping) return;
  event.preventDefault();
  KEYS[event.key]();
});
