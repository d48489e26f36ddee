// Helps to write a message: a click puts a place to be filled in where the cursor was last, and a
// subject says how long it is. Without this script the places are typed by hand.

const ADVISED = 69;

const fields = [...document.querySelectorAll(".writing input[type=text], .writing textarea")];
let last = document.querySelector(".writing textarea");

function insert(words) {
  const from = last.selectionStart ?? last.value.length;
  last.setRangeText(words, from, last.selectionEnd ?? from, "end");
  last.focus();
  last.dispatchEvent(new Event("input", { bubbles: true }));
}

function offer(code) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet slim";
  button.textContent = code.textContent;
  button.addEventListener("click", () => insert(code.dataset.insert));
  code.replaceChildren(button);
}

function measure(field) {
  const hint = document.getElementById(`${field.id}-hint`);
  if (!hint) return;
  const count = document.createElement("span");
  count.setAttribute("aria-live", "polite");
  hint.append(" ", count);
  const show = () => {
    const length = [...field.value].length;
    count.textContent = length ? `${length} / ${ADVISED}` : "";
    count.classList.toggle("error", length > ADVISED);
  };
  field.addEventListener("input", show);
  show();
}

for (const field of fields) field.addEventListener("focus", () => { last = field; });
for (const code of document.querySelectorAll("[data-insert]")) offer(code);
for (const field of document.querySelectorAll("[name=subject_fr]")) measure(field);
