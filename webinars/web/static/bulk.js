// Goes on with an act on many registrations by itself: each answer shows how far it has come.
// Without this script there is the button.

const form = document.getElementById("continue");
form.querySelector("button").disabled = true;
setTimeout(() => form.submit(), 150);
