// What is being typed, said back as people will read it. A form names the address that is asked;
// its answers stand where `data-says` names them. Without this script the same is said on saving.

const PAUSE = 300;

for (const form of document.querySelectorAll("form[data-check]")) {
  let waiting;
  let asked = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE);
  });

  async function ask() {
    const number = (asked += 1);
    const typed = new FormData(form);
    typed.delete("csrf_token");
    const answer = await fetch(`${form.dataset.check}?${new URLSearchParams(typed)}`).catch(() => null);
    if (!answer?.ok || number !== asked) return;
    show(await answer.json());
  }

  function write(words) {
    const line = document.createElement("li");
    line.textContent = words;
    return line;
  }

  function show(said) {
    for (const place of document.querySelectorAll("[data-says]")) {
      const words = said[place.dataset.says] ?? "";
      if (Array.isArray(words)) place.replaceChildren(...words.map(write));
      else place.textContent = words;
      place.hidden = !words.length;
    }
    if (said.slug && form.elements.slug) form.elements.slug.placeholder = said.slug;
  }
}
