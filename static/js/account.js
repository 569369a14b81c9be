// What a script adds to the account pages. Without it nothing is missing but comfort.

for (const row of document.querySelectorAll(".password")) {
  addShowButton(row, row.querySelector("input"));
}

const device = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (device) {
  nameZone(device);
}

for (const button of document.querySelectorAll("[data-copy-from]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copyFrom).value);
    button.textContent = "Copied";
  });
}

function nameZone(zone) {
  for (const input of document.querySelectorAll('input[type="hidden"][name="timezone"]')) {
    input.value = zone;
  }
  for (const text of document.querySelectorAll("[data-zone-of-device]")) {
    text.textContent = zone;
  }
  const input = document.querySelector('input[list="zones"]');
  const offer = document.querySelector("[data-device-zone]");
  if (!input || !offer || input.value === zone) return;
  offer.querySelector("strong").textContent = zone;
  offer.querySelector("button").addEventListener("click", () => {
    input.value = zone;
    offer.hidden = true;
    input.focus();
  });
  offer.hidden = false;
}

// The input stays where it is: moved, it would lose the focus while a user types.
function addShowButton(row, input) {
  const button = document.createElement("button");
  button.className = "button";
  button.type = "button";
  button.textContent = "Show";
  button.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-label", "Show the password");
  row.append(button);

  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  };
  button.addEventListener("click", () => show(input.type === "password"));
  // A password manager saves, and a browser forgets, what is a password on leaving.
  input.form?.addEventListener("submit", () => show(false));
}
